import { BatchNormField } from './batch-norm-fields';
import { address, word } from './descriptor';

/** Sets the doubles of a task, [sums][paddedChannels], to zero and returns their address. */
export function clearedSums(d: usize, task: i32, sums: i32): usize {
  const bytes = (<usize>(sums * word(d, BatchNormField.paddedChannels))) << 3;
  const at = address(d, BatchNormField.sums) + <usize>task * bytes;
  memory.fill(at, 0, bytes);
  return at;
}
