import type { LayersModel } from '@tensorflow/tfjs-layers';
import { useBackend } from '../backend/choose.js';
import { Classifier } from '../classifier.js';
import { CnnzooError } from '../errors.js';
import { freeze as freezePart } from '../freeze.js';
import type { InputShape } from '../layers/build.js';
import { isUnder } from '../layers/layer.js';
import { warn } from '../warn.js';
import { adaptKernel, adaptPreprocessing, imageKernels } from './adapt.js';
import type { Backbone, BuildOptions, ModelDefinition } from './define.js';
import type { ObtainOptions } from './obtain.js';
import { entryOf, type GivenWeights, openWeights } from './open-weights.js';
import type { WeightsEntry } from './registry.js';
import { renameTensors } from './renamed.js';
import type { TensorFile, WeightsSource } from './tensors.js';
import { type BuildFromOptions, buildFrom } from './values.js';

interface CommonOptions extends ObtainOptions {
  /**
   * Height, width (null: any) and channels of the images, where they are to be others than published. The first
   * kernel is adapted to the channels, and the preprocessing to all three.
   */
  inputShape?: InputShape;
  /** Seeds the values of a new head, so that they can be repeated. */
  seed?: number;
  /** 'backbone': all but the head keeps its weights and its running statistics in training. */
  freeze?: 'backbone';
}

/** A new head, with fresh weights: by the number of its classes, or by their names. */
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

/**
 * A trained net with its preprocessing and categories. Sets a backend where none is set. Builds straight from the
 * checkpoint's tensors: no initial value is drawn but those of a new head.
 */
export async function pretrained<Options extends BuildOptions, Names extends string>(
  definition: ModelDefinition<Options, Names>,
  options: PretrainedOptions<Names> = {},
): Promise<Classifier> {
  const { name } = definition;
  const { categories, freeze, inputShape = definition.inputShape } = options;
  const numClasses = checkHead(name, options);
  if (freeze !== undefined && freeze !== 'backbone')
    throw new CnnzooError('INPUT', `${name}.pretrained: expected freeze 'backbone' or nothing, received '${freeze}'.`);
  const built: BuildOptions = { inputShape, ...(numClasses !== undefined && { numClasses }) };
  // Before a backbone of half a gigabyte is fetched.
  if (entryOf(definition, options.weights ?? 'DEFAULT')?.isBackbone && numClasses === undefined) throw needsHead(name);
  await useBackend();
  const { file, entry, given } = await openWeights(definition, options);
  try {
    const model = await buildTrained(definition, { file, entry, given }, { ...options, ...built });
    try {
      if (freeze) freezePart(model, freeze);
      return new Classifier({
        model,
        preprocessing: adaptPreprocessing(entry.preprocessing, inputShape),
        categories: categories ?? (numClasses === undefined ? entry.categories : null),
        weights: entry.name,
      });
    } catch (error) {
      model.dispose();
      throw error;
    }
  } finally {
    await file.close();
  }
}

/** What of an opened checkpoint decides how a net is built of it. */
type Trained = Pick<GivenWeights, 'file' | 'given'> & { readonly entry: Pick<WeightsEntry, 'isBackbone' | 'mayDrop'> };

/** A net with a checkpoint's values; with `numClasses`, under a fresh head. */
export async function buildTrained<Options extends BuildOptions, Names extends string>(
  definition: ModelDefinition<Options, Names>,
  { file: opened, entry, given }: Trained,
  options: BuildOptions,
): Promise<LayersModel> {
  const { numClasses, inputShape = definition.inputShape } = options;
  const file = renameTensors(opened, definition.renamed);
  const backbone = backboneOf(definition, { file, entry, given }, numClasses);
  const heads = [(backbone ?? definition).head, ...definition.auxiliaryHeads];
  if (numClasses !== undefined && given && !backbone) warnOfTrainedHead(definition, file, numClasses);
  return buildFrom(file, () => (backbone ?? definition)(options as Options), {
    ...(numClasses !== undefined && { fresh: heads }),
    ...(backbone && { drop: [`${backbone.replaces}.`] }),
    ...(entry.mayDrop && { mayDrop: entry.mayDrop }),
    ...kernelAdapter(definition, file, inputShape[2]),
  });
}

/** The number of classes of a new head; undefined where the checkpoint's is kept. */
function checkHead(name: string, { numClasses, categories }: PretrainedOptions): number | undefined {
  if (numClasses !== undefined && categories !== undefined)
    throw new CnnzooError('INPUT', `${name}.pretrained: expected numClasses or categories, received both.`);
  if (categories === undefined) return numClasses;
  if (!(Array.isArray(categories) && categories.length > 0 && categories.every((label) => typeof label === 'string')))
    throw new CnnzooError(
      'INPUT',
      `${name}.pretrained: expected categories as a list of at least one label, received ${JSON.stringify(categories)}.`,
    );
  return categories.length;
}

/** The net for weights that have no valid head; undefined where they have one, or it is one layer that can be fresh. */
function backboneOf<Options extends BuildOptions, Names extends string>(
  { name, backbone }: ModelDefinition<Options, Names>,
  { file, entry, given }: Trained,
  numClasses: number | undefined,
): Backbone<Options> | undefined {
  if (!backbone) return undefined;
  const hasHead = [...file.tensors.keys()].some((key) => isUnder(backbone.replaces, key));
  if (!entry.isBackbone && (hasHead || !given)) return undefined;
  if (numClasses !== undefined) return backbone;
  throw needsHead(name);
}

const needsHead = (name: string): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `${name}.pretrained: these weights are a backbone's, without a head to classify with. Expected numClasses or ` +
      'categories for a new one, or numClasses: 0 to embed alone.',
  );

/** For another number of channels than published. */
function kernelAdapter(
  { inputShape: [, , published] }: Pick<ModelDefinition, 'inputShape'>,
  file: TensorFile,
  channels: number,
): Pick<BuildFromOptions, 'adapt'> {
  if (channels === published) return {};
  const kernels = imageKernels(file, published);
  return { adapt: (key, value) => (kernels.includes(key) ? adaptKernel(value, channels) : value) };
}

/** A head that was trained for as many classes may be what the caller wanted. */
function warnOfTrainedHead({ name, head }: { name: string; head: string }, file: TensorFile, numClasses: number): void {
  if (numClasses === 0) return;
  const rows = [...file.tensors].filter(([key, { shape }]) => isUnder(head, key) && shape.length > 1);
  if (rows.at(-1)?.[1].shape[0] !== numClasses) return;
  warn(
    `${name}.pretrained: the file has a head of ${numClasses} classes, but numClasses and categories ask for a fresh ` +
      'one. To keep the trained head, build the net and call loadStateDict(net, file).',
  );
}
