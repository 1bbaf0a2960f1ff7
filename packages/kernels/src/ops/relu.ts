import { Op } from '../../assembly/ops.js';
import { ClampField, ReluField } from '../../assembly/relu-fields.js';
import { fields, floatBits, type Pointer, rowsPerTask, type Workspace } from '../engine/index.js';

/** Elements below which a second thread is not worth its while; a multiple of a vector, as all tasks' lengths. */
const LEAST_LENGTH = 16384;

const lengthOfTask = (length: number, threads: number): number =>
  Math.ceil(rowsPerTask(length, threads, LEAST_LENGTH) / 4) * 4;

/** Values from 0 to `most`; NaN stays. */
export function clamp(engine: Workspace, length: number, input: Pointer, output: Pointer, most: number): void {
  const lengthPerTask = lengthOfTask(length, engine.threads);
  engine.dispatch(
    Op.Clamp,
    Math.ceil(length / lengthPerTask),
    fields(ClampField, { input, output, length, lengthPerTask, most: floatBits(most) }),
  );
}

/** dy where the ReLU gave more than 0 or NaN, else 0. */
export function reluGradient(
  engine: Workspace,
  length: number,
  output: Pointer,
  outputGradient: Pointer,
  inputGradient: Pointer,
): void {
  const lengthPerTask = lengthOfTask(length, engine.threads);
  engine.dispatch(
    Op.ReluGradient,
    Math.ceil(length / lengthPerTask),
    fields(ReluField, { output, outputGradient, inputGradient, length, lengthPerTask }),
  );
}
