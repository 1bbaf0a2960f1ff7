/** Messages from a worker thread: that it can take a job; then the outcome of each. */
export type FromWorker<Reply> = 'ready' | Reply;

/** A thread that does one job at a time. */
export interface WorkerThread<Job> {
  post(job: Job): void;
  /** Makes the process wait for the thread, or lets it end without it. */
  hold(held: boolean): void;
  stop(): void;
}

export interface WorkerEvents<Reply> {
  reply(reply: FromWorker<Reply>): void;
  /** Called if the thread could not be started, or died. */
  failed(error: unknown): void;
}
