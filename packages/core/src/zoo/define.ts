import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildModel, type InputShape, type NetLayer, writeNote } from '../graph/index.js';
import { CnnzooError, checkOptions, currentRandom, Random, withRandom } from '../util/index.js';
import type { Classifier } from './classifier.js';
import type { PretrainedOptions } from './pretrained-options.js';
import type { WeightsEntry, WeightsInfo, WeightsTable } from './weights.js';

/** What every builder takes. */
export interface BuildOptions {
  /** Height, width (null: any) and channels of the images. */
  inputShape?: InputShape;
  /** Number of logits; 0 leaves the head off: the net then gives what `embed` gives. */
  numClasses?: number;
  /** Seeds the initial values, so that they can be repeated. */
  seed?: number;
  /** Name of the tfjs model, under which it lies in a model that holds it. Default: the variant's name. */
  name?: string;
}

/** What a builder takes whose net has dropout, as torchvision's do. */
export interface DropoutOptions extends BuildOptions {
  /** The share of values that are zeroed in training, 0 to below 1: the published one unless given. */
  dropout?: number;
}

/** What a family's builder takes besides. */
type OwnOptions<Options extends BuildOptions> = [Options] extends [never] ? unknown : Omit<Options, keyof BuildOptions>;

/** One variant: call it to build an untrained net, or ask it for a trained one. */
export interface ModelDefinition<Options extends BuildOptions = BuildOptions, Names extends string = string> {
  /** A net with fresh weights: images [n, h, w, c] -> logits [n, numClasses]. Needs a backend (`await useBackend()`). */
  (options?: Options): LayersModel;
  /** torchvision's name of the variant. */
  readonly name: string;
  /** The state_dict path of the part that `numClasses` replaces. */
  readonly head: string;
  /** Those of heads beside it that only the loss sees; replaced with it. */
  readonly auxiliaryHeads: readonly string[];
  /** The net over weights that have no head, where the head is more than one layer. */
  readonly backbone?: Backbone<Options>;
  /** Prefixes of keys in copies of the weights that are named otherwise -> the prefix here. */
  readonly renamed: Readonly<Record<string, string>>;
  /** Names of the options that the builder has read so far: its own are known once it has built a net. */
  readonly options: ReadonlySet<string>;
  readonly inputShape: InputShape;
  readonly numClasses: number;
  readonly weights: WeightsTable<Names>;
  /** A trained net, with its preprocessing and categories. Takes the builder's own options too. */
  pretrained(options?: PretrainedOptions<Names> & OwnOptions<Options>): Promise<Classifier>;
}

/** A net on global average pooling and one linear layer, in the place of the published one. */
export interface Backbone<Options extends BuildOptions = BuildOptions> {
  (options?: Options): LayersModel;
  /** The state_dict path of what is not in it. */
  readonly replaces: string;
  /** The state_dict path of its own head. */
  readonly head: string;
}

/** Options as an architecture receives them: its own, and the number of classes (0: no head). */
export type NetOptions<Options extends BuildOptions = BuildOptions> = Options & { numClasses: number };

/** One row of a family's table. */
export interface ModelSpec<Options extends BuildOptions, Names extends string> {
  /** torchvision's name of the variant; its export has the same. */
  name: string;
  /** Architecture: layers of the net for given options. */
  net(options: NetOptions<Options>): NetLayer;
  /** Path of the part that `numClasses` replaces. */
  head: string;
  /** Paths of heads that only the loss sees. Default: none. */
  auxiliaryHeads?: readonly string[];
  /** Net over weights that have no head, where the head is more than one layer. */
  backbone?: { replaces: string; head: string; net(options: NetOptions<Options>): NetLayer };
  inputShape: InputShape;
  numClasses: number;
  /** From `defineWeights`; the entries get the model's name here. */
  weights: Weights<Names>;
}

/** Makes a variant of its row. Mark the call `/* @__PURE__ *\/`, so that an unused variant is shaken out. */
export function defineModel<Options extends BuildOptions, Names extends string>(
  spec: ModelSpec<Options, Names>,
): ModelDefinition<Options, Names> {
  const { name, inputShape, numClasses, auxiliaryHeads = [] } = spec;
  const read = new Set<string>(BUILD_OPTIONS);
  const builder = ({ net, head }: Pick<typeof spec, 'net' | 'head'>) => {
    const build = (options: Options = {} as Options): LayersModel => buildVariant(spec, net, head, read, options);
    return Object.assign(build, { head });
  };
  const backbone = spec.backbone && Object.assign(builder(spec.backbone), { replaces: spec.backbone.replaces });
  const facts = {
    inputShape,
    numClasses,
    weights: tableOf(name, spec.weights),
    auxiliaryHeads,
    renamed: spec.weights.renamed,
    options: read as ReadonlySet<string>,
    ...(backbone && { backbone }),
  };
  const definition = Object.assign(builder(spec), facts);
  return Object.defineProperties(definition, {
    name: { value: name },
    pretrained: {
      value: async (options: PretrainedOptions<Names> & OwnOptions<Options>) =>
        (await import('./pretrained.js')).pretrained(definition as ModelDefinition<Options, Names>, options),
    },
  }) as ModelDefinition<Options, Names>;
}

/** Options of every builder. */
export const BUILD_OPTIONS: readonly string[] = ['inputShape', 'numClasses', 'seed', 'name'];

function buildVariant<Options extends BuildOptions, Names extends string>(
  spec: ModelSpec<Options, Names>,
  net: typeof spec.net,
  head: string,
  read: Set<string>,
  options: Options,
): LayersModel {
  const { inputShape = spec.inputShape, numClasses = spec.numClasses, seed, name = spec.name } = options ?? {};
  if (!(Number.isInteger(numClasses) && numClasses >= 0))
    throw new CnnzooError('INPUT', `${spec.name}: expected numClasses 0, 1, 2, …, received ${numClasses}.`);
  const random = seed === undefined ? currentRandom() : new Random(seed);
  // The net knows its own options: what it does not read has no effect.
  const noted = new Proxy(
    { ...options, numClasses },
    {
      get(target, key) {
        read.add(String(key));
        return Reflect.get(target, key);
      },
    },
  );
  const model = withRandom(random, () => buildModel(name, net(noted), inputShape));
  try {
    checkOptions(spec.name, options, [...read]);
  } catch (error) {
    model.dispose();
    throw error;
  }
  const { auxiliaryHeads } = spec;
  writeNote(model, { model: spec.name, head, ...(auxiliaryHeads && { auxiliaryHeads }) });
  return model;
}

/** Weights of one variant, which `defineModel` gives the variant's name. */
export interface Weights<Names extends string = string> {
  readonly entries: Readonly<Record<Names, WeightsInfo>>;
  /** Name of the entry that is DEFAULT; undefined if there are none. */
  readonly defaultName: Names | undefined;
  /** Prefixes of keys in copies of the weights that are named otherwise -> the prefix here. */
  readonly renamed: Readonly<Record<string, string>>;
}

/** Options of `defineWeights`. */
export interface WeightsOptions {
  /** Prefixes of keys in copies (timm's) that are named otherwise -> the prefix here. Default: none. */
  renamed?: Readonly<Record<string, string>>;
}

/**
 * Gathers the weights of one variant.
 *
 * @param defaultName the entry that `pretrained` loads.
 */
export function defineWeights(entries: Readonly<Record<never, WeightsInfo>>): Weights<never>;
export function defineWeights<Names extends string>(
  entries: Readonly<Record<Names, WeightsInfo>>,
  defaultName: NoInfer<Names>,
  options?: WeightsOptions,
): Weights<Names>;
export function defineWeights(
  entries: Readonly<Record<string, WeightsInfo>>,
  defaultName?: string,
  { renamed = {} }: WeightsOptions = {},
): Weights {
  return { entries, defaultName, renamed };
}

/** Names the entries, freezes them and marks the default. */
function tableOf<Names extends string>(model: string, { entries, defaultName }: Weights<Names>): WeightsTable<Names> {
  const table: Record<string, WeightsEntry> = {};
  for (const [name, info] of Object.entries<WeightsInfo>(entries))
    table[name] = Object.freeze({
      ...info,
      name,
      model,
      preprocess: async (image: Parameters<WeightsEntry['preprocess']>[0]) =>
        (await import('../images/index.js')).preprocess(image, info.preprocessing),
    });
  if (defaultName !== undefined) table.DEFAULT = table[defaultName]!;
  return Object.freeze(table) as WeightsTable<Names>;
}
