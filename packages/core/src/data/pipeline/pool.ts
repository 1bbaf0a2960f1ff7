import type { FromWorker, WorkerThread } from '#platform';
import { CnnzooError, warn } from '../../util/index.js';
import type { DecodeFile, ImageJob, JobReply, JobResult, JobResults } from './job.js';

/** How long workers without a job are kept, in ms. */
const IDLE = 5000;

interface Task {
  readonly job: ImageJob;
  readonly signal: AbortSignal;
  resolve(result: JobResult): void;
  reject(error: unknown): void;
}

/** A worker's place, and what it is at. */
interface Seat {
  worker: WorkerThread<ImageJob> | null;
  ready: boolean;
  task: Task | undefined;
}

const dropped = (): CnnzooError => new CnnzooError('ABORTED', 'The reading of images was stopped.');

/** Decodes a file on the thread that calls this. */
const decodeHere: DecodeFile = async ({ name, source, maxPixels }) =>
  (await import('../../images/index.js')).toPixels(source, name, { maxPixels });

/**
 * Threads that decode and augment images, each one job at a time, in the order in which the jobs are asked for. They
 * are started by the first job, end when there has been none for a while, and never keep a process alive that has
 * nothing to wait for. Where no worker can be started, the calling thread does the jobs.
 */
export class WorkerPool {
  private readonly seats: Seat[] = [];
  private readonly queue: Task[] = [];
  private idle: ReturnType<typeof setTimeout> | undefined;
  private here: boolean;

  /** @param size how many workers; with 0, the calling thread does the jobs. */
  constructor(readonly size: number) {
    this.here = size === 0;
  }

  /** Does a job; one whose signal is aborted before it is begun is never done. */
  run<Job extends ImageJob>(job: Job, signal: AbortSignal): Promise<JobResults[Job['kind']]> {
    return new Promise<JobResult>((resolve, reject) => {
      this.queue.push({ job, signal, resolve, reject });
      void this.advance();
    }) as Promise<JobResults[Job['kind']]>;
  }

  /** Gives waiting jobs to workers that have none. */
  private async advance(): Promise<void> {
    if (this.here) {
      for (let task = this.next(); task; task = this.next()) await this.runHere(task);
      return;
    }
    clearTimeout(this.idle);
    if (this.seats.length < this.size && this.queue.length > this.seats.filter(({ task }) => !task).length)
      await this.start();
    for (const seat of this.seats) {
      if (!seat.ready || seat.task) continue;
      seat.task = this.next();
      seat.worker!.hold(seat.task !== undefined);
      if (seat.task) seat.worker!.post(seat.task.job);
    }
    if (this.seats.every(({ ready, task }) => ready && !task)) this.rest();
  }

  /** The job that is next, without those that nobody wants any more. */
  private next(): Task | undefined {
    for (let task = this.queue.shift(); task; task = this.queue.shift()) {
      if (!task.signal.aborted) return task;
      task.reject(dropped());
    }
    return undefined;
  }

  private async start(): Promise<void> {
    const seat: Seat = { worker: null, ready: false, task: undefined };
    this.seats.push(seat);
    const { startImageWorker } = await import('#platform');
    try {
      seat.worker = await startImageWorker<ImageJob, JobReply>({
        reply: (reply) => this.reply(seat, reply),
        failed: (error) => this.failed(seat, error),
      });
    } catch (error) {
      this.failed(seat, error);
    }
  }

  private reply(seat: Seat, reply: FromWorker<JobReply>): void {
    if (reply === 'ready') seat.ready = true;
    else {
      const task = seat.task!;
      seat.task = undefined;
      if ('result' in reply) task.resolve(reply.result);
      else task.reject(new CnnzooError(reply.failure.code, reply.failure.message));
    }
    void this.advance();
  }

  private failed(seat: Seat, error: unknown): void {
    const { task, ready } = seat;
    this.seats.splice(this.seats.indexOf(seat), 1);
    if (ready)
      task?.reject(
        new CnnzooError(
          'IMAGE',
          `A worker thread died (${error}) at one of ${task.job.files.map(({ name }) => name).join(', ')}.`,
          { cause: error },
        ),
      );
    else if (!this.here) {
      warn(`images are decoded on the calling thread, because no worker could be started: ${error}`);
      this.here = true;
      this.stop();
    }
    void this.advance();
  }

  private async runHere({ job, resolve, reject }: Task): Promise<void> {
    const { runJob } = await import('./job.js');
    await runJob(job, decodeHere).then(resolve, reject);
  }

  private rest(): void {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.stop(), IDLE);
    // A page's timers are numbers.
    if (typeof this.idle === 'object') this.idle.unref();
  }

  /** Ends the workers that have no job. */
  private stop(): void {
    for (const seat of [...this.seats])
      if (!seat.task) {
        seat.worker?.stop();
        this.seats.splice(this.seats.indexOf(seat), 1);
      }
  }
}
