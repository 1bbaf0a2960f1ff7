import type { LayersModel } from '@tensorflow/tfjs-layers';
import { useBackend } from '../backend/index.js';
import type { TensorFile, WeightsSource } from '../checkpoint/index.js';
import { checkKey } from '../checkpoint/late.js';
import type { ObtainOptions } from '../download/late.js';
import { type InputShape, slotsOf } from '../graph/index.js';
import { freeze as freezePart } from '../graph/late.js';
import { isUnder } from '../layers/index.js';
import {
  adviceFor,
  type BuildFromOptions,
  buildFrom,
  type FittedKeys,
  fitKeys,
  isIgnored,
  renameTensors,
  type Wanted,
  wantedBy,
} from '../state-dict/late.js';
import { CnnzooError, checkCategories, checkOptions, warn } from '../util/index.js';
import { adaptKernel, adaptPreprocessing, imageKernels, labelsFor, savedWith } from './adapt.js';
import { Classifier } from './classifier.js';
import { type Backbone, BUILD_OPTIONS, type BuildOptions, type ModelDefinition } from './define.js';
import { entryOf, type GivenWeights, hasPart, openWeights } from './open-weights.js';
import type { LoadedWeights, WeightsEntry } from './weights.js';

interface CommonOptions extends ObtainOptions {
  /**
   * Height, width (null: any) and channels of the images, where they are to be others than published. The first
   * kernel is adapted to the channels, and the preprocessing to all three.
   */
  inputShape?: InputShape;
  /** Seeds the values of a new head, so that they can be repeated. */
  seed?: number;
  /** Name of the tfjs model. Default: the variant's name. */
  name?: string;
  /** 'backbone': all but the head keeps its weights and its running statistics in training. */
  freeze?: 'backbone';
  /**
   * 'new': the head gets fresh values. Default: the checkpoint's head is kept if it has as many classes as are asked for,
   * and else is a new one; `loaded.head` of the result says which.
   */
  head?: 'new';
  /** Key of the state dict in a file of yours, e.g. 'params_ema'. Default: the only one that the file holds. */
  key?: string;
}

/** The classes of the head: their number, or their names. Default: those of the weights. */
type HeadOptions =
  | { numClasses?: number; categories?: undefined }
  | { numClasses?: undefined; categories?: readonly string[] };

type WeightsOptions<Names extends string> =
  | {
      /**
       * The name of an entry, or a file: its path, URL or bytes. What a file is of, its hash or its metadata says; else
       * it is taken for the default entry's, with a warning.
       */
      weights?: Names | 'DEFAULT' | WeightsEntry | (string & {}) | Exclude<WeightsSource, string>;
      from?: undefined;
    }
  | {
      /** The name of the entry whose preprocessing and categories hold. */
      weights: Names | 'DEFAULT' | WeightsEntry;
      /** The file that holds its weights. */
      from: WeightsSource;
    };

/** What `pretrained` takes. */
export type PretrainedOptions<Names extends string = string> = CommonOptions & HeadOptions & WeightsOptions<Names>;

const OPTIONS: readonly string[] = [
  ...BUILD_OPTIONS,
  ...['weights', 'from', 'key', 'head', 'categories', 'freeze', 'fetch', 'signal', 'progress'],
];

/**
 * A trained net with its preprocessing and categories. Sets a backend where none is set. Builds straight from the
 * checkpoint's tensors: no initial value is drawn but those of a new head.
 */
export async function pretrained<Options extends BuildOptions, Names extends string>(
  definition: ModelDefinition<Options, Names>,
  options: PretrainedOptions<Names> = {},
): Promise<Classifier> {
  const { name } = definition;
  await checkNames(definition, options);
  const { categories, freeze, inputShape = definition.inputShape, head } = options;
  const numClasses = checkHead(name, options);
  for (const [option, value, expected] of [
    ['freeze', freeze, 'backbone'],
    ['head', head, 'new'],
  ])
    if (value !== undefined && value !== expected)
      throw new CnnzooError(
        'INPUT',
        `${name}.pretrained: expected ${option} '${expected}' or nothing, received '${String(value)}'.`,
      );
  checkKey(`${name}.pretrained`, options.key);
  // Before a backbone of half a gigabyte is fetched.
  if (entryOf(definition, options.weights ?? 'DEFAULT')?.isBackbone && numClasses === undefined) throw needsHead(name);
  await useBackend();
  const opened = await openWeights(definition, { ...options, ownClasses: numClasses !== undefined });
  const { file, entry } = opened;
  try {
    const built = await buildTrained(definition, opened, {
      ...options,
      inputShape,
      ...(numClasses !== undefined && { numClasses }),
    });
    const { model } = built;
    try {
      const activation = built.loaded.head === 'kept' ? savedWith(file.metadata)?.activation : undefined;
      const labels = labelsFor(name, { ...opened, head: built.loaded.head, numClasses, categories });
      if (freeze) freezePart(model, freeze);
      return new Classifier({
        model,
        preprocessing: adaptPreprocessing(entry.preprocessing, inputShape),
        categories: labels,
        weights: entry.name,
        loaded: built.loaded,
        ...(activation && { activation }),
      });
    } catch (error) {
      model.dispose();
      throw error;
    }
  } finally {
    await file.close();
  }
}

/** Refuses options that neither `pretrained` nor the builder has, before anything is fetched. */
async function checkNames<Options extends BuildOptions, Names extends string>(
  definition: ModelDefinition<Options, Names>,
  options: PretrainedOptions<Names>,
): Promise<void> {
  const isOwn = (key: string): boolean => !OPTIONS.includes(key) && !definition.options.has(key);
  const own = Object.entries(options ?? {}).filter(([key, value]) => value !== undefined && isOwn(key));
  if (own.length > 0) {
    await useBackend();
    try {
      // The builder says what it takes by building.
      wantedBy(() => definition(Object.fromEntries(own) as Options));
    } catch (error) {
      if (!(error instanceof CnnzooError)) throw error;
    }
  }
  checkOptions(`${definition.name}.pretrained`, options, [...OPTIONS, ...definition.options]);
}

/** Facts of an opened checkpoint that decide how a net is built from it. */
type Trained = Pick<GivenWeights, 'file' | 'given' | 'source'> & {
  readonly entry: Partial<Pick<WeightsEntry, 'name' | 'isBackbone' | 'mayDrop'>>;
};

type TrainedOptions = BuildOptions & { readonly head?: 'new' };

/** A net with a checkpoint's values, under its head or a fresh one. */
export async function buildTrained<Options extends BuildOptions, Names extends string>(
  definition: ModelDefinition<Options, Names>,
  { file: opened, entry, given, source }: Trained,
  options: TrainedOptions,
): Promise<{ model: LayersModel; loaded: LoadedWeights }> {
  const { numClasses, inputShape = definition.inputShape } = options;
  const { mayDrop = [] } = entry;
  const file = renameTensors(opened, definition.renamed);
  const backbone = backboneOf(definition, { file, entry, given }, numClasses);
  const builder = backbone ?? definition;
  const heads = [builder.head, ...definition.auxiliaryHeads];
  const own = Object.entries(options).filter(
    ([key]) => key !== 'numClasses' && (BUILD_OPTIONS.includes(key) || !OPTIONS.includes(key)),
  );
  const build = (classes: number | undefined): LayersModel =>
    builder({ ...Object.fromEntries(own), ...(classes !== undefined && { numClasses: classes }) } as Options);

  const asIs = !given && numClasses === undefined && [...file.tensors.keys()].some((key) => isUnder(builder.head, key));
  // With the head, even if it is left off: the checkpoint's is told by its shape.
  const wanted = asIs ? undefined : wantedBy(() => build(numClasses || undefined));
  const drop = backbone ? [`${backbone.replaces}.`] : [];
  const fit: FittedKeys = wanted
    ? fitKeys(file, wanted, {
        head: builder.head,
        auxiliary: definition.auxiliaryHeads,
        mayDrop: [...mayDrop, ...drop],
      })
    : { tensors: file.tensors, prefixes: [], renamed: {}, nets: [] };
  const fresh = wanted ? freshHeads(heads, fit, wanted, options) : options.head === 'new' ? heads : [];
  const [head] = heads as [string];
  if (given && wanted && options.head !== 'new') warnOfOtherHead(definition.name, head, fit, wanted, fresh, numClasses);

  const model = await buildFrom(fit, () => build(numClasses), {
    fresh,
    drop,
    mayDrop,
    ...(wanted && { advise: () => adviceFor({ ...fit, tensors: new Map(without(mayDrop, fit)) }, wanted, head) }),
    ...kernelAdapter(definition, fit, inputShape[2]),
  });
  const used = new Set(slotsOf(model).map(({ key }) => key));
  const isFresh = (key: string): boolean => fresh.some((path) => isUnder(path, key));
  const dropped = [...fit.tensors.keys()].filter((key) => !isIgnored(key) && (isFresh(key) || !used.has(key)));
  return {
    model,
    loaded: {
      source,
      format: opened.format,
      entry: entry.name ?? null,
      key: opened.key ?? null,
      prefixes: fit.prefixes,
      renamed: fit.renamed,
      head: numClasses === 0 ? 'none' : fresh.includes(head) ? 'new' : 'kept',
      fresh: fresh.filter((path) => [...used].some((key) => isUnder(path, key))),
      ignored: [...(opened.others ?? []), ...dropped],
    },
  };
}

/** The tensors but for those that may be left out. */
const without = (prefixes: readonly string[], { tensors }: FittedKeys) =>
  [...tensors].filter(([key]) => !prefixes.some((prefix) => key.startsWith(prefix)));

/** The heads that get fresh values: all, if that is asked for, else those that the checkpoint has not in their shape. */
function freshHeads(
  heads: readonly string[],
  { tensors }: FittedKeys,
  wanted: Wanted,
  { head, numClasses }: TrainedOptions,
): readonly string[] {
  if (head === 'new' || numClasses === 0) return heads;
  // As in the checkpoint, or the strict load says what differs.
  if (numClasses === undefined) return [];
  const has = (path: string): boolean => {
    const own = [...wanted].filter(([key]) => isUnder(path, key));
    return own.length > 0 && own.every(([key, shape]) => tensors.get(key)?.shape.join() === shape.join());
  };
  return heads.filter((path) => !has(path));
}

/** Says that a head which was trained is not used: the caller may have counted the classes wrong. */
function warnOfOtherHead(
  name: string,
  head: string,
  { tensors }: FittedKeys,
  wanted: Wanted,
  fresh: readonly string[],
  numClasses: number | undefined,
): void {
  const trained = [...tensors].filter(([key]) => isUnder(head, key));
  if (trained.length === 0 || !numClasses || !fresh.includes(head)) return;
  const layers = [...wanted.keys()]
    .filter((key) => isUnder(head, key))
    .sort()
    .join(', ');
  const received = trained
    .map(([key]) => key)
    .sort()
    .join(', ');
  const classes = trained[0]![1].shape[0];
  warn(
    `${name}.pretrained: the file's head has ${
      received === layers
        ? `${classes} classes, and ${numClasses} are asked for`
        : `${received}, and the net's ${layers}`
    }: the head is new, with values that are not trained. head: 'new' says that this is meant.`,
  );
}

/** The number of classes of the head; undefined if it is the checkpoint's own. */
function checkHead(name: string, { numClasses, categories }: PretrainedOptions): number | undefined {
  if (numClasses !== undefined && categories !== undefined)
    throw new CnnzooError('INPUT', `${name}.pretrained: expected numClasses or categories, received both.`);
  if (categories === undefined) return numClasses;
  checkCategories(`${name}.pretrained`, categories);
  return categories.length;
}

/** The net for weights that have no valid head; undefined where they have one, or it is one layer that can be fresh. */
function backboneOf<Options extends BuildOptions, Names extends string>(
  { name, backbone }: ModelDefinition<Options, Names>,
  { file, entry, given }: Pick<Trained, 'file' | 'given' | 'entry'>,
  numClasses: number | undefined,
): Backbone<Options> | undefined {
  if (!backbone) return undefined;
  if (!entry.isBackbone && (!given || hasPart(backbone.replaces, file))) return undefined;
  if (numClasses !== undefined) return backbone;
  const own = [...file.tensors].find(([key, { shape }]) => isUnder(backbone.head, key) && shape.length > 1);
  throw own ? needsClasses(name, own[1].shape[0]!) : needsHead(name);
}

const needsHead = (name: string): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `${name}.pretrained: these weights are a backbone's, without a head to classify with. Expected numClasses or ` +
      'categories for a new one, or numClasses: 0 to embed alone.',
  );

const needsClasses = (name: string, classes: number): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `${name}.pretrained: these weights are a backbone's, under a head of ${classes} classes. Expected numClasses: ` +
      `${classes} or as many categories, or numClasses: 0 to embed alone.`,
  );

/** For another number of channels than published. */
function kernelAdapter(
  { inputShape: [, , published] }: Pick<ModelDefinition, 'inputShape'>,
  file: Pick<TensorFile, 'tensors'>,
  channels: number,
): Pick<BuildFromOptions, 'adapt'> {
  if (channels === published) return {};
  const kernels = imageKernels(file, published);
  return { adapt: (key, value) => (kernels.includes(key) ? adaptKernel(value, channels) : value) };
}
