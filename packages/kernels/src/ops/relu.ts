import { Op } from '../../assembly/ops.js';
import { ClampField, ReluField } from '../../assembly/relu-fields.js';
import { fields, floatBits, type Pointer, rowsPerTask, type Workspace } from '../engine/index.js';

/**
 * Fewer elements than this are not worth a second thread. A multiple of the vector length, as the lengths of all tasks
 * are.
 */
const LEAST_LENGTH = 16384;

const lengthOfTask = (length: number, threads: number): number =>
  Math.ceil(rowsPerTask(length, threads, LEAST_LENGTH) / 4) * 4;

/** Clamps values to 0 and `most`. NaN stays. */
export function clamp(engine: Workspace, length: number, input: Pointer, output: Pointer, most: number): void {
  const lengthPerTask = lengthOfTask(length, engine.threads);
  engine.dispatch(
    Op.Clamp,
    Math.ceil(length / lengthPerTask),
    fields(ClampField, { input, output, length, lengthPerTask, most: floatBits(most) }),
  );
}

/** Computes dy where y is above 0 or NaN, and 0 elsewhere. */
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
