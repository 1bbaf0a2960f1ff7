import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { TensorFile, WeightsSource } from '../checkpoint/index.js';
import type { OutputActivation } from '../graph/index.js';
import type { Preprocessing } from '../images/index.js';
import { isUnder } from '../layers/index.js';
import {
  adviceFor,
  type BuildFromOptions,
  type FittedKeys,
  fitKeys,
  renameTensors,
  wantedBy,
} from '../state-dict/late.js';
import { adaptKernel, adaptPreprocessing, imageKernels } from './adapt.js';
import type { Asked, AskedNet } from './check-pretrained.js';
import { freshHeads, needsClasses, needsHead, warnOfOtherHead } from './fresh-heads.js';
import { describeSource, identify } from './identify.js';
import { labelsOf } from './labels.js';
import type { BuildOptions, ModelDefinition } from './model-definition.js';
import type { Origin } from './origin.js';
import { savedHead } from './saved-config.js';
import type { LoadedWeights, WeightsEntry } from './weights.js';

/** A checkpoint that was read. */
export interface Checkpoint extends Pick<Origin, 'source' | 'isGiven' | 'sha256'> {
  readonly file: TensorFile;
}

/** Plan for building a net from a checkpoint's tensors. */
export interface BuildPlan {
  /** Tensors of the checkpoint by the net's keys, and how the keys were changed. */
  readonly keys: FittedKeys;
  /** Head of the net: the checkpoint's, one with fresh values, or none. */
  readonly head: LoadedWeights['head'];
  /** Builds the net; `buildFrom` then reads its values from the checkpoint. */
  readonly build: () => LayersModel;
  /** Paths with fresh values, keys that may be left out, and changes of tensors. */
  readonly strictness: BuildFromOptions & { readonly fresh: readonly string[] };
}

/** Decisions about a checkpoint, made before its net is built. */
export interface Plan extends BuildPlan {
  /** Entry that gives the preprocessing. */
  readonly entry: WeightsEntry;
  readonly preprocessing: Preprocessing;
  /** A label per class; null if none are known. */
  readonly categories: readonly string[] | null;
  /** Function from logits to scores that was saved with the head. Undefined if none was. */
  readonly activation: OutputActivation | undefined;
}

/** Facts of an entry that decide how a net is built. */
export type EntryFacts = Partial<Pick<WeightsEntry, 'name' | 'isBackbone' | 'mayDrop'>>;

/** A checkpoint under the family's keys. */
interface Content {
  readonly file: TensorFile;
  /** False if the checkpoint has no tensors of the head, as the family's backbone weights. */
  readonly hasHead: boolean;
}

/** Decides which entry applies, whether the head is kept, and which keys are renamed. */
export async function resolve<Options extends BuildOptions, Names extends string>(
  definition: ModelDefinition<Options, Names>,
  checkpoint: Checkpoint,
  asked: Asked<Options>,
): Promise<Plan> {
  const content = contentOf(definition, checkpoint.file);
  const { entry, known } = asked.entry
    ? { entry: asked.entry, known: true }
    : await identify(definition, {
        ...checkpoint,
        hasHead: content.hasHead,
        description: describeSource(asked.given),
        hasClasses: asked.numClasses !== undefined,
      });
  const plan = planOf(definition, content, checkpoint.isGiven, entry, asked);
  const saved = savedHead(checkpoint.file);
  const { head } = plan;
  return {
    ...plan,
    entry,
    preprocessing: adaptPreprocessing(entry.preprocessing, asked.inputShape),
    categories: labelsOf(`${definition.name}.pretrained`, { ...asked, entry, known, head, saved: saved?.categories }),
    activation: head === 'kept' ? saved?.activation : undefined,
  };
}

/** Decides the entry alone, for a checkpoint that is not built. */
export async function resolveEntry(
  definition: ModelDefinition,
  checkpoint: Checkpoint,
  given: WeightsSource,
): Promise<WeightsEntry> {
  const { hasHead } = contentOf(definition, checkpoint.file);
  const description = describeSource(given);
  return (await identify(definition, { ...checkpoint, hasHead, description, hasClasses: false })).entry;
}

/** Decides the build alone, for an entry that is known. */
export const resolveBuild = <Options extends BuildOptions, Names extends string>(
  definition: ModelDefinition<Options, Names>,
  { file, isGiven }: Pick<Checkpoint, 'file' | 'isGiven'>,
  entry: EntryFacts,
  asked: AskedNet<Options>,
): BuildPlan => planOf(definition, contentOf(definition, file), isGiven, entry, asked);

/** Renames a checkpoint's keys to the family's, and looks for the head. */
function contentOf(
  { renamed, backbone }: Pick<ModelDefinition, 'renamed'> & { backbone?: { replaces: string } },
  opened: TensorFile,
): Content {
  const file = renameTensors(opened, renamed);
  const isInHead = (path: string) => (key: string) => isUnder(path, key) || key.includes(`.${path}.`);
  return { file, hasHead: backbone === undefined || [...file.tensors.keys()].some(isInHead(backbone.replaces)) };
}

function planOf<Options extends BuildOptions, Names extends string>(
  definition: ModelDefinition<Options, Names>,
  { file, hasHead }: Content,
  isGiven: boolean,
  { isBackbone, mayDrop = [] }: EntryFacts,
  asked: AskedNet<Options>,
): BuildPlan {
  const where = `${definition.name}.pretrained`;
  const { numClasses, inputShape, builder } = asked;
  const backbone = isBackbone || (isGiven && !hasHead) ? definition.backbone : undefined;
  if (backbone && numClasses === undefined) throw missingClasses(where, file, backbone.head);
  const variant = backbone ?? definition;
  const heads = [variant.head, ...definition.auxiliaryHeads];
  const build = (classes: number | undefined): LayersModel =>
    variant({ ...builder, ...(classes !== undefined && { numClasses: classes }) });

  const drop = backbone ? [`${backbone.replaces}.`] : [];
  // An entry's own checkpoint with its own head has the net's keys.
  const isOwn =
    !isGiven && numClasses === undefined && [...file.tensors.keys()].some((key) => isUnder(variant.head, key));
  // Includes the head even if numClasses is 0: its shapes show whether the checkpoint has one.
  const wanted = isOwn ? undefined : wantedBy(() => build(numClasses || undefined));
  const keys: FittedKeys = wanted
    ? fitKeys(file, wanted, {
        head: variant.head,
        auxiliary: definition.auxiliaryHeads,
        mayDrop: [...mayDrop, ...drop],
      })
    : { tensors: file.tensors, prefixes: [], renamed: {}, nets: [] };
  const fresh = wanted ? freshHeads(heads, keys, wanted, asked) : asked.head === 'new' ? heads : [];
  const isFresh = fresh.includes(variant.head);
  if (isGiven && wanted && isFresh && asked.head !== 'new' && numClasses)
    warnOfOtherHead(where, variant.head, keys, wanted, numClasses);

  const kept = (): FittedKeys => ({ ...keys, tensors: without(mayDrop, keys) });
  return {
    keys,
    head: numClasses === 0 ? 'none' : isFresh ? 'new' : 'kept',
    build: () => build(numClasses),
    strictness: {
      fresh,
      drop,
      mayDrop,
      ...(wanted && { advise: () => adviceFor(kept(), wanted, variant.head) }),
      ...kernelAdapter(definition, keys, inputShape[2]),
    },
  };
}

/** Returns the error for a backbone loaded without numClasses. */
function missingClasses(where: string, { tensors }: TensorFile, head: string): Error {
  const own = [...tensors].find(([key, { shape }]) => isUnder(head, key) && shape.length > 1);
  return own ? needsClasses(where, own[1].shape[0]!) : needsHead(where);
}

/** Returns the tensors except those whose keys may be left out. */
const without = (prefixes: readonly string[], { tensors }: FittedKeys): FittedKeys['tensors'] =>
  new Map([...tensors].filter(([key]) => !prefixes.some((prefix) => key.startsWith(prefix))));

/** Adapts the first kernel to another number of channels than published. */
function kernelAdapter(
  { inputShape: [, , published] }: Pick<ModelDefinition, 'inputShape'>,
  keys: FittedKeys,
  channels: number,
): Pick<BuildFromOptions, 'adapt'> {
  if (channels === published) return {};
  const kernels = imageKernels(keys, published);
  return { adapt: (key, value) => (kernels.includes(key) ? adaptKernel(value, channels) : value) };
}
