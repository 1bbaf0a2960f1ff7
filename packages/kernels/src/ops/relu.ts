import { Op } from '../../assembly/ops.js';
import { ReluField } from '../../assembly/relu-fields.js';
import { fields } from '../engine/descriptor.js';
import type { Pointer } from '../engine/engine.js';
import type { Workspace } from '../engine/workspace.js';
import { rowsPerTask } from './rows-per-task.js';

/** Elements below which a second thread is not worth its while; a multiple of a vector, as all tasks' lengths. */
const LEAST_LENGTH = 16384;

/** dy where the ReLU gave more than 0, else 0. */
export function reluGradient(
  engine: Workspace,
  length: number,
  output: Pointer,
  outputGradient: Pointer,
  inputGradient: Pointer,
): void {
  const lengthPerTask = Math.ceil(rowsPerTask(length, engine.threads, LEAST_LENGTH) / 4) * 4;
  engine.dispatch(
    Op.ReluGradient,
    Math.ceil(length / lengthPerTask),
    fields(ReluField, { output, outputGradient, inputGradient, length, lengthPerTask }),
  );
}
