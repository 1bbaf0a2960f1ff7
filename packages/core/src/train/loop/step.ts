import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { breathe } from '#platform';
import type { Batch } from '../../data/late.js';
import { beginStep, modelOf, type Slot, weightsOf } from '../../graph/index.js';
import { withSmallestBatch } from '../../layers/index.js';
import { CnnzooError, type Random, withRandom } from '../../util/index.js';
import type { OptimizerRun } from '../optim/index.js';
import { checkBatch, type Named, readChecked } from './checks.js';
import { addBatches, type BatchResult, clipByGlobalNorm, disposeGradients, meanOf } from './gradients.js';
import type { Loss } from './loss.js';
import { hitsAt } from './metrics.js';
import type { Images, Mix } from './mix.js';
import type { Trainee } from './trainee.js';

/** Measurements of one step. */
export interface Step {
  /** The epoch, from 0. */
  readonly epoch: number;
  /** The step, from 0, counted over the whole run. */
  readonly step: number;
  /** Number of steps of the whole run. */
  readonly steps: number;
  /** Mean loss of the images before the step. With auxiliary heads, their weighted losses are added. */
  readonly loss: number;
  /** Mean loss of each output by itself: the first output's, then each auxiliary head's. */
  readonly losses: readonly number[];
  /** Fraction of the images whose largest logit was the label's before the step: 0 to 1. */
  readonly accuracy: number;
  /** Number of images. */
  readonly count: number;
  /** Divisor of the mean loss: the number of images, unless the loss weighs images by class. */
  readonly weight: number;
}

/** Settings that all steps of a run share. */
export interface StepSettings {
  readonly trainee: Trainee;
  /** Number of classes: the size of each output. */
  readonly classes: number;
  readonly optimizer: OptimizerRun;
  readonly loss: Loss;
  /** Factor of each auxiliary head's loss. */
  readonly auxiliaryWeight: number;
  /** A batch is mixed by one of these, drawn for each batch. */
  readonly mixes: readonly Mix[];
  readonly clipNorm: number | undefined;
  /** Number of images in the smallest batch of the epoch. */
  readonly smallestBatch: number;
  /** Source of mixing and dropout. */
  readonly random: Random;
  readonly signal: AbortSignal | undefined;
}

/**
 * Takes one training step over `count` batches, whose images together are the optimizer's batch. A step is taken whole
 * or not at all: if it throws, the net is as it was after the previous step.
 * @param batches the iterator that hands out batches; holds at least `count` more.
 * @param at the epoch, the number of the step and the number of steps of the run.
 * @throws CnnzooError INPUT for batches that don't fit the net; TRAINING if the loss, a gradient or a statistic is not
 * finite, or nothing is trainable; ABORTED by the signal.
 */
export async function trainStep(
  settings: StepSettings,
  batches: AsyncIterator<Batch, unknown>,
  count: number,
  at: Pick<Step, 'epoch' | 'step' | 'steps'>,
): Promise<Step> {
  const { trainee, classes, optimizer, clipNorm, signal } = settings;
  const { step, steps } = at;
  let before: StatisticsSnapshot | undefined;
  let result: BatchResult | undefined;
  try {
    for (let i = 0; i < count; i++) {
      const batch = (await batches.next()).value as Batch;
      let images: Images = batch;
      try {
        await breathe(`The training, before step ${step},`, signal);
        modelOf(trainee);
        await checkBatch('train', trainee, batch, classes);
        before ??= new StatisticsSnapshot(trainee.model);
        images = mixed(batch, settings);
        const ofBatch = await forwardBackward(images, settings, step, before);
        result = result ? addBatches(result, ofBatch) : ofBatch;
      } finally {
        tf.dispose([batch.x, batch.y, images.x, images.y]);
      }
    }
    if (clipNorm !== undefined) result = { ...result!, gradients: await clipByGlobalNorm(result!.gradients, clipNorm) };
    const { gradients, ...measured } = result!;
    if (measured.weight === 0) throw noWeight(step);
    optimizer.update(gradients, step, steps);
    before!.dispose();
    before = undefined;
    return { ...at, ...measured };
  } finally {
    before?.restore();
    if (result) disposeGradients(result);
  }
}

/** Mixes the images of a batch with one another. Returns the batch itself if the run mixes nothing. */
function mixed(batch: Batch, { mixes, classes, random }: StepSettings): Images {
  const mix = mixes.length > 1 ? mixes[random.integer(mixes.length)] : mixes[0];
  return mix ? mix(batch, classes, random) : batch;
}

/**
 * Runs the net in training mode on a batch, and the loss back to the trainable weights. BatchNorm's running statistics
 * take the batch in. `x` and `y` stay the caller's. All figures and the check for values that are not finite are one read
 * from the backend.
 */
async function forwardBackward(
  { x, y }: Images,
  { trainee: { model, apply }, loss, auxiliaryWeight, smallestBatch, random }: StepSettings,
  step: number,
  before: StatisticsSnapshot,
): Promise<BatchResult> {
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
        const outputs = withRandom(random, () => withSmallestBatch(smallestBatch, () => apply(x, true)));
        hits = tf.keep(hitsAt(1, outputs[0]!, y));
        for (const logits of outputs) {
          const parts = loss.sum?.(logits, y);
          // Depends on the targets alone, so every output has the same.
          if (parts) weight ??= tf.keep(parts.weight);
          costs.push(tf.keep(parts ? meanOf(parts) : loss(logits, y)));
        }
        return costs.reduce((total, cost) => tf.add(total, tf.mul(cost, auxiliaryWeight)));
      },
      parameters.map(({ variable }) => variable),
    );
    const { grads } = computed;
    const gradients = parameters.flatMap(({ key, variable }) => {
      const gradient = grads[variable.name];
      return gradient ? [{ key, variable, gradient }] : [];
    });
    const named = gradients.map(({ key, gradient }) => ({ key: `the gradient of '${key}'`, tensor: gradient }));
    const count = x.shape[0];
    const scalars = [hits!, computed.value, ...costs, ...(weight ? [weight] : [])];
    const { values, notFinite } = await readChecked(scalars, [...named, ...before.written]);
    const [right, lossValue, ...others] = values as [number, number, ...number[]];
    if (!Number.isFinite(lossValue))
      throw new CnnzooError(
        'TRAINING',
        `The loss is ${lossValue} at step ${step}; the trainable weights are those of the step before. ` +
          'Lower the learning rate, or look for inputs that are not finite.',
      );
    if (notFinite !== undefined)
      throw new CnnzooError(
        'TRAINING',
        `The loss is finite at step ${step}, but not ${notFinite}; the net is as it was after the step before. ` +
          'Lower the learning rate, or look for inputs that are not finite.',
      );
    const losses = others.slice(0, costs.length);
    return {
      gradients,
      count,
      weight: others[costs.length] ?? count,
      loss: lossValue,
      losses,
      accuracy: right / count,
    };
  } catch (error) {
    if (computed) tf.dispose(computed.grads);
    else disposeTape();
    throw error;
  } finally {
    tf.dispose([hits, weight, computed?.value, ...costs].filter((tensor) => tensor !== undefined));
  }
}

/** Frees the tensors that tfjs keeps for the backward pass but does not free itself if a pass throws. */
function disposeTape(): void {
  const { state } = tf.engine();
  for (const { saved } of state.activeTape ?? []) if (saved) tf.dispose(saved);
  state.activeTape = [];
}

const noWeight = (step: number): CnnzooError =>
  new CnnzooError(
    'TRAINING',
    `The classes of all images of step ${step} have a weight of 0: there is nothing to divide their losses by. Give the ` +
      'classes weights above 0, leave their images out, or take larger batches.',
  );

interface Kept extends Slot {
  /** Shares the variable's memory until the variable is written. */
  readonly value: tf.Tensor;
}

/**
 * Weights that no optimizer updates, as they were before a step: a forward pass in training mode writes BatchNorm's
 * running statistics. Owns tensors, which copy nothing, until `dispose` or `restore`.
 */
class StatisticsSnapshot {
  private readonly kept: readonly Kept[];
  private readonly end: () => void;

  constructor(model: LayersModel) {
    this.end = beginStep(model);
    const trainable = new Set(model.trainableWeights);
    this.kept = weightsOf(model)
      .filter(({ variable }) => !trainable.has(variable))
      .map((slot) => ({ ...slot, value: tf.clone(slot.variable.read()) }));
  }

  /** The values that passes have written since, each by its quoted key. */
  get written(): Named[] {
    return this.kept.flatMap(({ key, variable, value }) => {
      const tensor = variable.read();
      return tensor.dataId === value.dataId ? [] : [{ key: `'${key}'`, tensor }];
    });
  }

  /** Leaves the net with the values that passes have written. */
  dispose(): void {
    this.end();
    tf.dispose(this.kept.map(({ value }) => value));
  }

  /** Takes back the values that passes have written. */
  restore(): void {
    for (const { variable, value } of this.kept) if (variable.read().dataId !== value.dataId) variable.write(value);
    this.dispose();
  }
}
