import * as tf from '@tensorflow/tfjs-core';
import { CnnzooError } from '../../errors.js';
import type { Random } from '../../random.js';
import { withRandom } from '../../random-scope.js';
import { weightsOf } from '../../weights/slots.js';
import type { Gradient } from '../optim/index.js';
import type { Loss, LossSum } from './loss.js';
import { hitsAt } from './metrics.js';
import type { Images } from './mix.js';
import type { Trainee } from './trainee.js';

/** The results of a forward and a backward pass over a batch. */
export interface Differentiated {
  /** One for each trainable weight that the loss depends on; the caller's. */
  readonly gradients: readonly Gradient[];
  /** Images. */
  readonly count: number;
  /** The sum that the mean of their losses divides by: their number, unless the loss weighs them. May be 0. */
  readonly weight: number;
  /** The mean, with the weighted losses of auxiliary heads; their sum if the weight is 0. */
  readonly loss: number;
  /** The loss of each output by itself: one number, and one more for each auxiliary head. */
  readonly losses: readonly number[];
  /** The share of the images whose largest logit was right, 0 to 1. */
  readonly accuracy: number;
}

export interface DifferentiateOptions {
  readonly loss: Loss;
  /** What the loss of each auxiliary head counts beside the first output's. */
  readonly auxiliaryWeight: number;
  /** What dropout is drawn from. */
  readonly random: Random;
}

/**
 * Runs a net in training mode on a batch, and its loss back to the weights that are trainable; BatchNorm's running
 * statistics see the batch. `x` and `y` stay the caller's.
 * @param step for messages.
 * @throws CnnzooError TRAINING where the loss is not finite or nothing is trainable.
 */
export async function differentiate(
  { model, apply }: Trainee,
  { x, y }: Images,
  { loss, auxiliaryWeight, random }: DifferentiateOptions,
  step: number,
): Promise<Differentiated> {
  const trainable = new Set(model.trainableWeights);
  const parameters = weightsOf(model)
    .filter(({ variable }) => trainable.has(variable))
    .map(({ key, variable }) => ({ key, variable: variable.read() as tf.Variable }));
  if (parameters.length === 0)
    throw new CnnzooError('TRAINING', `'${model.name}' has no trainable weights: unfreeze a layer first.`);
  let hits: tf.Scalar | undefined;
  let weight: tf.Scalar | undefined;
  const costs: tf.Scalar[] = [];
  let computed: ReturnType<typeof tf.variableGrads> | undefined;
  try {
    computed = tf.variableGrads(
      () => {
        const outputs = withRandom(random, () => apply(x, true));
        hits = tf.keep(hitsAt(1, outputs[0]!, y));
        for (const logits of outputs) {
          const parts = loss.sum?.(logits, y);
          // Of the targets alone, so every output has the same.
          if (parts) weight ??= tf.keep(parts.weight);
          costs.push(tf.keep(parts ? meanOf(parts) : loss(logits, y)));
        }
        return costs.reduce((total, cost) => tf.add(total, tf.mul(cost, auxiliaryWeight)));
      },
      parameters.map(({ variable }) => variable),
    );
    const [right, lossValue, ...losses] = (
      await Promise.all([hits!, computed.value, ...costs].map((tensor) => tensor.data()))
    ).map(([value]) => value!) as [number, number, ...number[]];
    if (!Number.isFinite(lossValue))
      throw new CnnzooError(
        'TRAINING',
        `The loss is ${lossValue} at step ${step}; the trainable weights are those of the step before. ` +
          'Lower the learning rate, or look for inputs that are not finite.',
      );
    const { grads } = computed;
    const gradients = parameters.flatMap(({ key, variable }) => {
      const gradient = grads[variable.name];
      return gradient ? [{ key, variable, gradient }] : [];
    });
    const count = x.shape[0];
    const total = weight ? (await weight.data())[0]! : count;
    return { gradients, count, weight: total, loss: lossValue, losses, accuracy: right / count };
  } catch (error) {
    if (computed) tf.dispose(computed.grads);
    else disposeTape();
    throw error;
  } finally {
    tf.dispose([hits, weight, computed?.value, ...costs].filter((tensor) => tensor !== undefined));
  }
}

/** The number that sums are divided by: another batch of the step may bring the weight that one has not. */
export const divisorOf = ({ weight }: Pick<Differentiated, 'weight'>): number => (weight > 0 ? weight : 1);

/** The sum divided by the tensor's `divisorOf`. */
const meanOf = ({ sum, weight }: LossSum): tf.Scalar =>
  tf.div(sum, tf.where(tf.greater(weight, 0), weight, tf.onesLike(weight)));

/** What tfjs keeps for the backward pass, and forgets where either pass throws. */
function disposeTape(): void {
  const { state } = tf.engine();
  for (const { saved } of state.activeTape ?? []) if (saved) tf.dispose(saved);
  state.activeTape = [];
}
