import { Op } from '../../assembly/ops.js';
import { OptimizerField } from '../../assembly/optimizer-fields.js';
import type { AdamWAttributes, SgdAttributes } from '../contract.js';
import { fields, floatBits, type Pointer, rowsPerTask, type Workspace } from '../engine/index.js';

/** Addresses of a tensor that a step reads and of its next values. They may be equal. */
export interface Stepped {
  readonly from: Pointer;
  readonly to: Pointer;
}

/**
 * Fewer elements than this are not worth a second thread. A multiple of the vector length, as the lengths of all tasks
 * are.
 */
const LEAST_LENGTH = 4096;

const NOWHERE: Stepped = { from: 0, to: 0 };

interface StepTensors {
  readonly parameter: Stepped;
  readonly gradient: Pointer;
  readonly moment?: Stepped | undefined;
  readonly square?: Stepped;
}

/** Words of a step that are floats, by name. */
type Factors = Partial<
  Record<
    | 'rate'
    | 'momentDecay'
    | 'squareDecay'
    | 'momentShare'
    | 'squareShare'
    | 'weightDecay'
    | 'rootCorrection'
    | 'epsilon',
    number
  >
>;

function dispatch(
  engine: Workspace,
  op: Op,
  length: number,
  { parameter, gradient, moment = NOWHERE, square = NOWHERE }: StepTensors,
  factors: Factors,
  nesterov = false,
): void {
  const lengthPerTask = Math.ceil(rowsPerTask(length, engine.threads, LEAST_LENGTH) / 4) * 4;
  const bits = (name: keyof Factors): number => floatBits(factors[name] ?? 0);
  engine.dispatch(
    op,
    Math.ceil(length / lengthPerTask),
    fields(OptimizerField, {
      parameter: parameter.from,
      parameterOut: parameter.to,
      gradient,
      moment: moment.from,
      momentOut: moment.to,
      square: square.from,
      squareOut: square.to,
      length,
      lengthPerTask,
      rate: bits('rate'),
      momentDecay: bits('momentDecay'),
      squareDecay: bits('squareDecay'),
      momentShare: bits('momentShare'),
      squareShare: bits('squareShare'),
      weightDecay: bits('weightDecay'),
      rootCorrection: bits('rootCorrection'),
      epsilon: bits('epsilon'),
      nesterov,
    }),
  );
}

/**
 * Runs torch.optim.SGD without dampening: g += weightDecay w; v = momentum v + g; w -= lr v, or lr (g + momentum v)
 * with nesterov. Without a velocity, w -= lr g.
 */
export function sgd(
  engine: Workspace,
  length: number,
  tensors: { readonly parameter: Stepped; readonly gradient: Pointer; readonly velocity?: Stepped | undefined },
  { lr, momentum, nesterov, weightDecay }: SgdAttributes,
): void {
  const { velocity, ...rest } = tensors;
  const factors = { rate: lr, momentDecay: momentum, weightDecay };
  dispatch(engine, Op.Sgd, length, { ...rest, moment: velocity }, factors, nesterov);
}

/**
 * Runs torch.optim.AdamW: m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w = (1 - lr weightDecay) w - lr
 * m' / (sqrt(v') + eps), with m' = m / (1 - beta1^step) and v' = v / (1 - beta2^step).
 */
export function adamW(
  engine: Workspace,
  length: number,
  tensors: {
    readonly parameter: Stepped;
    readonly gradient: Pointer;
    readonly moment: Stepped;
    readonly square: Stepped;
  },
  { lr, beta1, beta2, eps, weightDecay, step }: AdamWAttributes,
): void {
  dispatch(engine, Op.AdamW, length, tensors, {
    rate: lr / (1 - beta1 ** step),
    momentDecay: beta1,
    squareDecay: beta2,
    momentShare: 1 - beta1,
    squareShare: 1 - beta2,
    weightDecay: 1 - lr * weightDecay,
    rootCorrection: 1 / Math.sqrt(1 - beta2 ** step),
    epsilon: eps,
  });
}
