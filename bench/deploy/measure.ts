import { processorTime, reportTimes } from '../harness/report.js';
import { type Compute, inferenceTimes } from './inference.js';

export { values } from './inference.js';

/** Reports the times of a net in this process, and ends it. */
export async function measureInference(open: () => Promise<Compute>): Promise<void> {
  reportTimes(await inferenceTimes(processorTime, open));
  process.exit(0);
}
