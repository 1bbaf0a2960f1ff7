import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Dataset, hashBytes } from '../../data/late.js';
import { modelOf, type Net, orderTo, preprocessingOf } from '../../graph/index.js';
import { type Config, describe } from '../optim/index.js';
import type { Stage } from './complete-options.js';

/** Settings that must not change between a run and its resumption. Plain data. */
export interface Setup {
  readonly model: string;
  readonly images: number;
  readonly stages: number;
  /** One value for each stage. */
  readonly batchSize: readonly number[];
  readonly accumulate: readonly number[];
  /** Everything else that the steps depend on, as far as it can be described; absent in old checkpoints. */
  readonly fingerprint?: Fingerprint;
}

/** Descriptions by name. Trainings with equal descriptions take the same steps. */
export interface Fingerprint {
  readonly shared: { readonly [name: string]: Config };
  /** Options of each stage, by name. */
  readonly stages: readonly { readonly [name: string]: Config }[];
}

/** Describes a training for its checkpoints. */
export async function setupOf(
  net: Net,
  data: Dataset,
  validation: Dataset | undefined,
  stages: readonly Stage[],
): Promise<Setup> {
  const model = modelOf(net);
  return {
    model: model.name,
    images: data.size,
    stages: stages.length,
    batchSize: stages.map(({ batchSize }) => batchSize),
    accumulate: stages.map(({ accumulate }) => accumulate),
    fingerprint: {
      shared: {
        model: { layers: await hashOf(topologyOf(model)) },
        data: { content: await contentOf(data) },
        categories: [...data.categories],
        preprocessing: describe(preprocessingOf(net)),
        validation: validation ? await describeData(validation) : null,
      },
      stages: stages.map((stage) => optionsOf(stage, data)),
    },
  };
}

const describeData = async (data: Dataset): Promise<Config> => ({
  images: data.size,
  categories: [...data.categories],
  content: await contentOf(data),
});

/** Resolves to a short hash of images and labels; null if the data set has no fingerprint. */
const contentOf = async (data: Dataset): Promise<string | null> =>
  data.fingerprint ? hashOf(await data.fingerprint()) : null;

const hashOf = async (value: unknown): Promise<string> =>
  (await hashBytes(new TextEncoder().encode(JSON.stringify(value)))).slice(0, 16);

/** Describes the options of a stage that change its steps. */
function optionsOf(stage: Stage, data: Dataset): { readonly [name: string]: Config } {
  const { optimizer, epochs, loss, auxiliaryWeight, shuffle, dropLast } = stage;
  const { augment, mix = [], clipNorm, freeze, ema, earlyStopping, features } = stage;
  return {
    optimizer: describe(optimizer),
    epochs,
    loss: describe(loss),
    auxiliaryWeight,
    shuffle,
    dropLast,
    // Only image files have a default other than none.
    augment: augment === undefined && data.fromFiles ? 'default' : describe(augment),
    mix: describe([mix].flat()),
    clipNorm: describe(clipNorm),
    freeze: describe(freeze),
    ema: describe(ema),
    earlyStopping: describe(earlyStopping),
    features: features === false ? false : { views: describe(features?.views) },
  };
}

/** Describes layers in topological order: their settings and the places of their inputs; no names, no values. */
function topologyOf({ inputs, outputs }: LayersModel): unknown {
  const order = orderTo(outputs);
  const indexOf = new Map(order.map((tensor, i) => [tensor, i]));
  const places = (tensors: readonly SymbolicTensor[]) => tensors.map((tensor) => indexOf.get(tensor));
  return {
    tensors: order.map(({ sourceLayer, inputs, outputTensorIndex = 0 }) => [
      settingsOf(sourceLayer),
      places(inputs),
      outputTensorIndex,
    ]),
    inputs: places(inputs),
    outputs: places(outputs),
  };
}

/** Settings for a layer's name, freezing and initial values. A resumed run has its own. */
const NOT_COMPARED = /^(name|trainable|dtype|initial|.*_?initializer)$/i;

function settingsOf(layer: layers.Layer): unknown {
  const name = layer.getClassName();
  if ('layers' in layer) return [name, topologyOf(layer as unknown as LayersModel)];
  const config = Object.entries(layer.getConfig()).filter(([setting]) => !NOT_COMPARED.test(setting));
  return [name, describe(Object.fromEntries(config))];
}
