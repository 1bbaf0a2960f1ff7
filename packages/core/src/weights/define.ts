import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Classifier } from '../classifier.js';
import { CnnzooError } from '../errors.js';
import { writeNote } from '../features.js';
import { buildModel, type InputShape } from '../layers/build.js';
import type { Layer } from '../layers/layer.js';
import { Random } from '../random.js';
import { currentRandom, withRandom } from '../random-scope.js';
import type { PretrainedOptions } from './pretrained.js';
import type { WeightsEntry, WeightsInfo, WeightsTable } from './registry.js';

/** What every builder takes. */
export interface BuildOptions {
  /** Height, width (null: any) and channels of the images. */
  inputShape?: InputShape;
  /** Number of logits; 0 leaves the head off: the net then gives what `embed` gives. */
  numClasses?: number;
  /** Seeds the initial values, so that they can be repeated. */
  seed?: number;
}

/** One variant: call it to build an untrained net, or ask it for a trained one. */
export interface ModelDefinition<Options extends BuildOptions = BuildOptions, Names extends string = string> {
  /** A net with fresh weights: images [n, h, w, c] -> logits [n, numClasses]. Needs a backend (`await useBackend()`). */
  (options?: Options): LayersModel;
  /** torchvision's name of the variant. */
  readonly name: string;
  /** The state_dict path of the part that `numClasses` replaces. */
  readonly head: string;
  readonly inputShape: InputShape;
  readonly numClasses: number;
  readonly weights: WeightsTable<Names>;
  /** A trained net, with its preprocessing and categories. */
  pretrained(options?: PretrainedOptions<Names>): Promise<Classifier>;
}

export interface ModelSpec<Options extends BuildOptions, Names extends string> {
  name: string;
  head: string;
  inputShape: InputShape;
  numClasses: number;
  weights: WeightsTable<Names>;
  net(options: Options & { numClasses: number }): Layer;
}

/** Makes a variant of its parts. Mark the call `/* @__PURE__ *\/`, so that an unused variant is shaken out. */
export function defineModel<Options extends BuildOptions, Names extends string>(
  spec: ModelSpec<Options, Names>,
): ModelDefinition<Options, Names> {
  const build = (options: Options = {} as Options): LayersModel => {
    const { inputShape = spec.inputShape, numClasses = spec.numClasses, seed } = options;
    if (!(Number.isInteger(numClasses) && numClasses >= 0))
      throw new CnnzooError('INPUT', `${spec.name}: expected numClasses 0, 1, 2, …, received ${numClasses}.`);
    const random = seed === undefined ? currentRandom() : new Random(seed);
    const net = withRandom(random, () => buildModel(spec.name, spec.net({ ...options, numClasses }), inputShape));
    writeNote(net, { model: spec.name, head: spec.head });
    return net;
  };
  const { name, head, inputShape, numClasses, weights } = spec;
  const definition = Object.assign(build, { head, inputShape, numClasses, weights });
  return Object.defineProperties(definition, {
    name: { value: name },
    pretrained: {
      value: async (options: PretrainedOptions<Names> = {}) =>
        (await import('./pretrained.js')).pretrained(definition as ModelDefinition<Options, Names>, options),
    },
  }) as ModelDefinition<Options, Names>;
}

/** Freezes the entries of one model, names them, and marks the default. */
export function defineWeights<Names extends string>(
  model: string,
  entries: Readonly<Record<Names, WeightsInfo>>,
  defaultName: NoInfer<Names>,
): WeightsTable<Names> {
  const table: Partial<Record<string, WeightsEntry>> = {};
  for (const [name, info] of Object.entries<WeightsInfo>(entries))
    table[name] = Object.freeze({
      ...info,
      name,
      model,
      preprocess: async (image: Parameters<WeightsEntry['preprocess']>[0]) =>
        (await import('../images/preprocess.js')).preprocess(image, info.preprocessing),
    });
  table.DEFAULT = table[defaultName];
  return Object.freeze(table) as WeightsTable<Names>;
}
