import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireBackend } from '../backend/require.js';
import { registerWasmGradients } from '../backend/wasm-gradients.js';
import type { Batch } from '../data/dataset.js';
import { CnnzooError } from '../errors.js';
import { modelOf, type Net } from '../net.js';
import { Random } from '../random.js';
import { withRandom } from '../random-scope.js';
import { checkLabels, classesOf } from './labels.js';
import { crossEntropy, type Loss } from './loss.js';
import type { Gradient, Optimizer } from './optimizer.js';

/** One step, as it was taken. */
export interface Step {
  /** From 0, as are steps, which are counted over the whole run. */
  readonly epoch: number;
  readonly step: number;
  /** Of the batch, before the step. */
  readonly loss: number;
  /** The share of the batch whose largest logit was the label's, before the step. */
  readonly accuracy: number;
}

export interface TrainOptions {
  optimizer: Optimizer;
  epochs?: number;
  /** Mean cross-entropy unless given. */
  loss?: Loss;
  /** What dropout draws from: with the same seed, net and batches the run repeats itself. */
  random?: Random;
  signal?: AbortSignal;
}

/** Fresh batches for one epoch. `train` disposes of their tensors. */
export type Batches = () => Iterable<Batch> | AsyncIterable<Batch>;

/**
 * Trains a net that classifies on `batches()`, asked for anew each epoch, and yields after every step; to stop, leave
 * the loop. Updates the weights that are trainable at that step, so layers can be frozen and freed on the way. Where it
 * throws, the weights are those of the last step yielded.
 * @throws CnnzooError TRAINING where the loss is not finite or nothing is trainable, ABORTED by the signal.
 */
export async function* train(
  net: Net,
  batches: Batches,
  { optimizer, epochs = 1, loss = crossEntropy, random = new Random(), signal }: TrainOptions,
): AsyncGenerator<Step, void, void> {
  const model = modelOf(net);
  requireBackend('train');
  if (tf.getBackend() === 'wasm') registerWasmGradients();
  if (!(Number.isInteger(epochs) && epochs >= 0))
    throw new CnnzooError('INPUT', `train: expected epochs 0, 1, 2, …, received ${epochs}.`);
  const classes = classesOf(model.name, model.outputs[0]!);
  const run = optimizer.start();
  let step = 0;
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      for await (const batch of batches()) {
        try {
          if (signal?.aborted)
            throw new CnnzooError('ABORTED', `The training was stopped by its signal before step ${step}.`, {
              cause: signal.reason,
            });
          await checkLabels(batch, classes);
          const forward = await differentiate(model, batch, loss, random, step);
          try {
            run.update(forward.gradients, step);
          } finally {
            tf.dispose(forward.gradients.map(({ gradient }) => gradient));
          }
          yield { epoch, step, loss: forward.loss, accuracy: forward.accuracy };
        } finally {
          tf.dispose([batch.x, batch.y]);
        }
        step++;
      }
    }
  } finally {
    run.dispose();
  }
}

interface Differentiated {
  readonly loss: number;
  readonly accuracy: number;
  /** The caller's. */
  readonly gradients: readonly Gradient[];
}

async function differentiate(
  model: LayersModel,
  { x, y }: Batch,
  loss: Loss,
  random: Random,
  step: number,
): Promise<Differentiated> {
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  if (variables.length === 0)
    throw new CnnzooError('TRAINING', `'${model.name}' has no trainable weights: unfreeze a layer first.`);
  let hits: tf.Tensor | undefined;
  const { value, grads } = tf.variableGrads(() => {
    const logits = withRandom(random, () => model.apply(x, { training: true })) as tf.Tensor2D;
    hits = tf.keep(tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), y), 'float32')));
    return loss(y, logits);
  }, variables);
  try {
    const [[lossValue], [accuracy]] = (await Promise.all([value.data(), hits!.data()])) as [
      Float32Array,
      Float32Array,
    ];
    if (!Number.isFinite(lossValue))
      throw new CnnzooError(
        'TRAINING',
        `The loss is ${lossValue} at step ${step}; the weights are unchanged by it. ` +
          'Lower the learning rate, or look for inputs that are not finite.',
      );
    const gradients = variables.flatMap((variable) => {
      const gradient = grads[variable.name];
      return gradient ? [{ variable, gradient }] : [];
    });
    return { loss: lossValue!, accuracy: accuracy!, gradients };
  } catch (error) {
    tf.dispose(grads);
    throw error;
  } finally {
    tf.dispose([value, hits!]);
  }
}
