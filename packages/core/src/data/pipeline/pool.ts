import { startImageWorker } from '#platform';
import type { FromWorker, WorkerThread } from '../../platform/index.js';
import { CnnzooError, warn } from '../../util/index.js';
import type { DecodeFile, ImageJob, JobReply, JobResult, JobResults } from './job.js';

/** Milliseconds after which workers without a job are stopped. */
const IDLE = 5000;

/** Job in the queue, or in a worker. */
interface Task {
  readonly job: ImageJob;
  readonly signal: AbortSignal;
  resolve(result: JobResult): void;
  reject(error: unknown): void;
}

/** Worker and its current job. */
interface Seat {
  worker: WorkerThread<ImageJob> | null;
  ready: boolean;
  task: Task | undefined;
}

const dropped = (): CnnzooError => new CnnzooError('ABORTED', 'The reading of images was stopped.');

/** Decodes a file on the calling thread. */
const decodeHere: DecodeFile = async ({ name, source, maxPixels }) =>
  (await import('../../images/index.js')).toPixels(source, name, { maxPixels });

/**
 * Pool of threads that decode and augment images, one job at a time each, in the order of the calls. The first job
 * starts them. They stop when there has been no job for a while, and do not keep the process alive. If no worker can be
 * started, the calling thread does the jobs.
 */
export class WorkerPool {
  private readonly seats: Seat[] = [];
  private readonly queue: Task[] = [];
  private idle: ReturnType<typeof setTimeout> | undefined;
  private here: boolean;

  /**
   * Creates a pool, without starting workers.
   *
   * @param size Number of workers. 0: the calling thread does the jobs.
   */
  constructor(readonly size: number) {
    this.here = size === 0;
  }

  /**
   * Does a job. If the signal is aborted before the job begins, the job is not done.
   *
   * @throws CnnzooError ABORTED by the signal; IMAGE or FILE for a file that can't be decoded.
   */
  run<Job extends ImageJob>(job: Job, signal: AbortSignal): Promise<JobResults[Job['kind']]> {
    return new Promise<JobResult>((resolve, reject) => {
      this.queue.push({ job, signal, resolve, reject });
      void this.advance();
    }) as Promise<JobResults[Job['kind']]>;
  }

  /** Gives waiting jobs to idle workers. */
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

  /** Returns the next job. Jobs whose signal is aborted are dropped. */
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

  /** Stops the workers after a while without a job. */
  private rest(): void {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.stop(), IDLE);
    // Timers of a page are numbers.
    if (typeof this.idle === 'object') this.idle.unref();
  }

  /** Stops the idle workers. */
  private stop(): void {
    for (const seat of [...this.seats])
      if (!seat.task) {
        seat.worker?.stop();
        this.seats.splice(this.seats.indexOf(seat), 1);
      }
  }
}
