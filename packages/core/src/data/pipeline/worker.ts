import { type DecodeFile, type Failure, failureOf, type ImageJob, type JobResult, runJob } from './job.js';

/** From a worker: that it can take a job; then what became of each. */
export type WorkerReply = 'ready' | { readonly result: JobResult } | { readonly failure: Failure };

/** A thread that does one job at a time. */
export interface ImageWorker {
  post(job: ImageJob): void;
  /** Whether the process waits for it. */
  hold(held: boolean): void;
  stop(): void;
}

export interface WorkerEvents {
  reply(reply: WorkerReply): void;
  /** It could not be started, or died. */
  failed(error: unknown): void;
}

/** The memory of a result that moves to the other thread instead of being copied. */
function memoryOf(result: JobResult): ArrayBuffer[] {
  if ('values' in result) return [result.values.buffer];
  return 'images' in result ? result.images.map(({ data }) => data.buffer as ArrayBuffer) : [];
}

/** What a worker's program does with a job. */
export async function serve(
  job: ImageJob,
  decode: DecodeFile,
  post: (reply: WorkerReply, transfer: ArrayBuffer[]) => void,
): Promise<void> {
  try {
    const result = await runJob(job, decode);
    post({ result }, memoryOf(result));
  } catch (error) {
    post({ failure: failureOf(error) }, []);
  }
}
