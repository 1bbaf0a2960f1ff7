import type { TensorFile, WeightsSource } from '../checkpoint/index.js';
import { expectedDigits } from '../download/late.js';
import { CnnzooError, isMap, isUrl, warn } from '../util/index.js';
import type { ModelDefinition } from './model-definition.js';
import { MODEL_KEY, WEIGHTS_KEY, type WeightsEntry, type WeightsTable } from './weights.js';

/** A model and the entries of its weights. */
export type Model = Pick<ModelDefinition, 'name' | 'weights'>;

/** Returns the entry of a name; own names only: `constructor` is not an entry. */
const entryNamed = (table: WeightsTable, name: string): WeightsEntry | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** Lists the names of a model's entries, for messages. */
export const entriesOf = ({ weights }: Model): string =>
  Object.keys(weights)
    .map((name) => `'${name}'`)
    .join(', ');

/** Describes a checkpoint for messages: its path or URL in quotes, else the kind of value that it is. */
export function describeSource(source: unknown): string {
  if (typeof source === 'string' || isUrl(source)) return `'${source}'`;
  return isMap(source) ? 'a state dict' : (source?.constructor?.name ?? String(source));
}

const isEntry = (value: unknown): value is WeightsEntry =>
  typeof value === 'object' && value !== null && 'sources' in value && 'preprocessing' in value;

/**
 * Returns the entry that `weights` is or names; undefined if `weights` is a file.
 * @throws CnnzooError INPUT for an unknown name, for another model's entry, and for a model without entries.
 */
export function namedEntry(model: Model, weights: WeightsEntry | WeightsSource): WeightsEntry | undefined {
  const where = `${model.name}.pretrained`;
  if (!model.weights.DEFAULT)
    throw new CnnzooError(
      'INPUT',
      `${where}: there are no published weights of '${model.name}', nor a preprocessing that a file's could ` +
        'be used with. Build it, call loadStateDict(net, file), and make a Classifier of it.',
    );
  if (isEntry(weights)) {
    if (weights.model === model.name) return weights;
    throw new CnnzooError(
      'INPUT',
      `${where}: expected weights of '${model.name}', received '${weights.name}' of '${weights.model}'.`,
    );
  }
  if (typeof weights !== 'string') return undefined;
  const entry = entryNamed(model.weights, weights);
  // A file has an ending or a directory in its name, an entry has neither.
  if (entry || /[./\\:]/.test(weights)) return entry;
  throw new CnnzooError(
    'INPUT',
    `${where}: there are no weights '${weights}'. Expected ${entriesOf(model)}, or the path or URL of a file.`,
  );
}

/** Returns the entry that a checkpoint's own metadata names. */
function entryByMetadata({ metadata }: TensorFile, { name, weights }: Model): WeightsEntry | undefined {
  const entry = metadata[WEIGHTS_KEY];
  return metadata[MODEL_KEY] === name && entry !== undefined ? entryNamed(weights, entry) : undefined;
}

/** Returns the entry whose published file has this hash. */
const entryByHash = (sha256: string, { weights }: Model): WeightsEntry | undefined =>
  Object.values(weights).find(({ sources }) =>
    sources.some((source) => {
      const digits = expectedDigits(source);
      return digits !== undefined && sha256.startsWith(digits);
    }),
  );

/** A checkpoint whose entry nobody named. */
export interface Unidentified {
  readonly file: TensorFile;
  /** Description of the checkpoint, for the warning. */
  readonly description: string;
  /** False if the checkpoint lacks the head that the default entry's has. */
  readonly hasHead: boolean;
  /** True if the caller gives the number of classes or their names: the entry's categories do not matter. */
  readonly hasClasses: boolean;
  /** Resolves to the hash of the checkpoint's bytes; undefined if it has none. */
  sha256(): Promise<string | undefined>;
}

/**
 * Finds the entry of a checkpoint by its metadata or its hash. If neither tells: with a warning, the default entry, or a
 * backbone's if the checkpoint lacks the head.
 * @returns the entry; `known` is false for one that was taken by default.
 */
export async function identify(
  model: Model,
  { file, description, hasHead, hasClasses, sha256 }: Unidentified,
): Promise<{ entry: WeightsEntry; known: boolean }> {
  const named = entryByMetadata(file, model);
  if (named) return { entry: named, known: true };
  const hash = await sha256();
  const published = hash === undefined ? undefined : entryByHash(hash, model);
  if (published) return { entry: published, known: true };
  const { DEFAULT } = model.weights;
  const backbone = hasHead ? undefined : Object.values(model.weights).find(({ isBackbone }) => isBackbone);
  const entry = backbone ?? DEFAULT!;
  const other = file.metadata[MODEL_KEY];
  const isPreprocessingAlone = hasClasses || entry.categories === null;
  warn(
    `${model.name}.pretrained: ${description} is not known as weights of '${model.name}'` +
      `${other !== undefined && other !== model.name ? ` (its metadata says '${other}')` : ''}; ` +
      `${isPreprocessingAlone ? 'the preprocessing' : 'preprocessing and categories'} ` +
      `of '${entry.name}' ${isPreprocessingAlone ? 'is' : 'are'} used. ` +
      `To settle it: pretrained({ weights: 'NAME', from: … }) with one of ${entriesOf(model)}.`,
  );
  return { entry, known: false };
}
