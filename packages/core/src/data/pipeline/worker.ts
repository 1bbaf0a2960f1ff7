import { type DecodeFile, type Failure, failureOf, type ImageJob, type JobResult, runJob } from './job.js';

/** The outcome of a job. */
export type JobReply = { readonly result: JobResult } | { readonly failure: Failure };

/** The memory of a result that moves to the other thread instead of being copied. */
function memoryOf(result: JobResult): ArrayBuffer[] {
  if ('values' in result) return [result.values.buffer];
  return 'images' in result ? result.images.map(({ data }) => data.buffer as ArrayBuffer) : [];
}

/** What a worker's program does with a job. */
export async function serve(
  job: ImageJob,
  decode: DecodeFile,
  post: (reply: JobReply, transfer: ArrayBuffer[]) => void,
): Promise<void> {
  try {
    const result = await runJob(job, decode);
    post({ result }, memoryOf(result));
  } catch (error) {
    post({ failure: failureOf(error) }, []);
  }
}
