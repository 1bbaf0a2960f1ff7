import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireBackend } from '../backend/require.js';
import { registerWasmGradients } from '../backend/wasm-gradients.js';
import type { Augment } from '../data/augment/augment.js';
import type { Batch, Dataset } from '../data/dataset.js';
import { CnnzooError } from '../errors.js';
import { modelOf, type Net } from '../net.js';
import { Random } from '../random.js';
import { withRandom } from '../random-scope.js';
import { checkLabels, checkWhole, classesOf } from './checks.js';
import { crossEntropy, type Loss } from './loss.js';
import { hitsAt } from './metrics.js';
import type { Gradient, Optimizer } from './optimizer.js';

/** One step, as it was taken. */
export interface Step {
  /** From 0. */
  readonly epoch: number;
  /** From 0, counted over the whole run, which has `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Of the batch, before the step; where the net has auxiliary heads, with their weighted losses. */
  readonly loss: number;
  /** The loss of each output by itself: one number, and one more for each auxiliary head. */
  readonly losses: readonly number[];
  /** The share of the batch whose largest logit was the label's, before the step: 0 to 1. */
  readonly accuracy: number;
}

export interface TrainOptions {
  optimizer: Optimizer;
  epochs?: number;
  batchSize?: number;
  /** Mean cross-entropy unless given. */
  loss?: Loss;
  /** What the loss of each auxiliary head counts beside the first output's (Szegedy et al., 2014: 0.3). */
  auxiliaryWeight?: number;
  /** Changes each image each time it is used. */
  augment?: Augment;
  /** What order, augmentation and dropout are drawn from: the same seed repeats the run. */
  random?: Random;
  signal?: AbortSignal;
}

/**
 * Trains a net that classifies, and yields after every step; to stop, leave the loop. Every epoch takes the images in a
 * new order. Updates the weights that are trainable at that step, so layers can be frozen and freed on the way. Where
 * it throws, the trainable weights are those of the last step yielded; BatchNorm's statistics may have seen its batch.
 * @throws CnnzooError TRAINING where the loss is not finite or nothing is trainable, ABORTED by the signal.
 */
export async function* train(
  net: Net,
  data: Dataset,
  {
    optimizer,
    epochs = 1,
    batchSize = 32,
    loss = crossEntropy,
    auxiliaryWeight = 0.3,
    augment,
    random = new Random(),
    signal,
  }: TrainOptions,
): AsyncGenerator<Step, void, void> {
  const model = modelOf(net);
  requireBackend('train');
  if (tf.getBackend() === 'wasm') registerWasmGradients();
  checkWhole('epochs', epochs, 0);
  checkWhole('batchSize', batchSize, 1);
  const classes = classesOf(model);
  const steps = epochs * Math.ceil(data.size / batchSize);
  const options = { batchSize, shuffle: random, ...(augment && { augment: { transform: augment, random } }) };
  const run = optimizer.start();
  let step = 0;
  try {
    for (let epoch = 0; epoch < epochs; epoch++)
      for await (const batch of data.batches(options)) {
        const taken = await takeStep(batch);
        yield { epoch, step, steps, ...taken };
        step++;
      }
  } finally {
    run.dispose();
  }

  async function takeStep(batch: Batch): Promise<Omit<Step, 'epoch' | 'step' | 'steps'>> {
    try {
      if (signal?.aborted)
        throw new CnnzooError('ABORTED', `The training was stopped by its signal before step ${step}.`, {
          cause: signal.reason,
        });
      await checkLabels(batch, classes);
      const { gradients, ...taken } = await differentiate(model, batch, { loss, auxiliaryWeight, random }, step);
      try {
        run.update(gradients, step, steps);
      } finally {
        tf.dispose(gradients.map(({ gradient }) => gradient));
      }
      return taken;
    } finally {
      tf.dispose([batch.x, batch.y]);
    }
  }
}

interface Differentiated extends Pick<Step, 'loss' | 'losses' | 'accuracy'> {
  /** The caller's. */
  readonly gradients: readonly Gradient[];
}

async function differentiate(
  model: LayersModel,
  { x, y }: Batch,
  { loss, auxiliaryWeight, random }: Required<Pick<TrainOptions, 'loss' | 'auxiliaryWeight' | 'random'>>,
  step: number,
): Promise<Differentiated> {
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  if (variables.length === 0)
    throw new CnnzooError('TRAINING', `'${model.name}' has no trainable weights: unfreeze a layer first.`);
  let hits: tf.Scalar | undefined;
  let costs: tf.Scalar[] = [];
  let computed: ReturnType<typeof tf.variableGrads> | undefined;
  try {
    computed = tf.variableGrads(() => {
      const outputs = [withRandom(random, () => model.apply(x, { training: true }))].flat() as tf.Tensor2D[];
      hits = tf.keep(hitsAt(1, outputs[0]!, y));
      costs = outputs.map((logits) => tf.keep(loss(logits, y)));
      return costs.reduce((total, cost) => tf.add(total, tf.mul(cost, auxiliaryWeight)));
    }, variables);
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
    const gradients = variables.flatMap((variable) => {
      const gradient = grads[variable.name];
      return gradient ? [{ variable, gradient }] : [];
    });
    return { loss: lossValue, losses, accuracy: right / y.shape[0], gradients };
  } catch (error) {
    if (computed) tf.dispose(computed.grads);
    else disposeTape();
    throw error;
  } finally {
    tf.dispose([hits, computed?.value, ...costs].filter((tensor) => tensor !== undefined));
  }
}

/** What tfjs keeps for the backward pass, and forgets where either pass throws. */
function disposeTape(): void {
  const { state } = tf.engine();
  for (const { saved } of state.activeTape ?? []) if (saved) tf.dispose(saved);
  state.activeTape = [];
}
