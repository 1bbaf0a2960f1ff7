/** Tasks a thread: enough that a thread that was held up does not keep the others waiting for long. */
const TASKS_PER_THREAD = 4;

/** How many of `rows` rows one task takes, at least `least`, so that all threads have enough tasks. */
export const rowsPerTask = (rows: number, threads: number, least = 1): number =>
  Math.max(least, Math.ceil(rows / (threads * TASKS_PER_THREAD)));
