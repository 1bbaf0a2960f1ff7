import { hashSource, localPath } from '#platform';
import type { TensorFile, WeightsSource } from '../checkpoint/index.js';
import { openTensorSource, openTensors, sourceName, sourceOf } from '../checkpoint/late.js';
import { digitsInName, expectedDigits, fileNameOf, type ObtainOptions, obtainWeights } from '../download/late.js';
import { isUnder } from '../layers/index.js';
import { renameTensors } from '../state-dict/late.js';
import { CnnzooError, isMap, isUrl, warn } from '../util/index.js';
import { bytesSource } from '../util/late.js';
import type { ModelDefinition } from './define.js';
import { MODEL_KEY, WEIGHTS_KEY, type WeightsEntry, type WeightsTable } from './weights.js';

/** The entry that a file's own metadata names. */
export function identifyByMetadata(
  metadata: Readonly<Record<string, string>>,
  model: string,
  table: WeightsTable,
): WeightsEntry | undefined {
  const name = metadata[WEIGHTS_KEY];
  return metadata[MODEL_KEY] === model && name !== undefined ? entryNamed(table, name) : undefined;
}

/** The entry whose published file has this hash. */
export function identifyByHash(sha256: string, table: WeightsTable): WeightsEntry | undefined {
  return Object.values(table).find(({ sources }) =>
    sources.some((source) => {
      const digits = expectedDigits(source);
      return digits !== undefined && sha256.startsWith(digits);
    }),
  );
}

/** Own names only: `constructor` is not an entry. */
export const entryNamed = (table: WeightsTable, name: string): WeightsEntry | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** An opened checkpoint, and the entry whose preprocessing and categories hold for it. */
export interface GivenWeights {
  readonly file: TensorFile;
  readonly entry: WeightsEntry;
  /** The caller gave the file, rather than the name of an entry. */
  readonly given: boolean;
  /** The weights are the entry's by its name, by the file's hash or by its metadata, and not by default. */
  readonly known: boolean;
  /** The checkpoint's path or URL, or what kind of value it is. */
  readonly source: string;
}

/** What of a definition is needed to find its weights. */
type Owner = Pick<ModelDefinition, 'name' | 'weights' | 'renamed'> & {
  readonly backbone?: { readonly replaces: string };
};

interface OpenOptions extends ObtainOptions {
  readonly weights?: WeightsEntry | WeightsSource;
  readonly from?: WeightsSource | undefined;
  readonly key?: string | undefined;
  /** The caller says how many classes there are, or which: what the entry knows of them does not matter. */
  readonly ownClasses?: boolean;
}

/** Opens what `pretrained` was asked for. The caller closes the file. */
export async function openWeights(owner: Owner, options: OpenOptions): Promise<GivenWeights> {
  const { weights = 'DEFAULT', from, key } = options;
  const entry = entryOf(owner, weights);
  if (from !== undefined) {
    if (entry) {
      const { file } = await openGiven(owner, from, options);
      return { file, entry, given: true, known: true, source: sourceName(from) };
    }
    throw new CnnzooError(
      'INPUT',
      `${owner.name}.pretrained: expected with from the name of the entry that it holds, weights: ${names(owner)}; ` +
        `received ${describe(weights)}.`,
    );
  }
  if (entry) {
    if (key !== undefined)
      throw new CnnzooError(
        'INPUT',
        `${owner.name}.pretrained: expected key with a file of yours, received '${key}' with the entry '${entry.name}'.`,
      );
    const { file, from: source } = await obtainWeights(entry, options);
    return { file, entry, given: false, known: true, source };
  }
  const source = weights as WeightsSource;
  const opened = await openGiven(owner, source, options);
  try {
    const found = await identify(owner, opened, describe(weights), options);
    return { file: opened.file, ...found, given: true, source: sourceName(source) };
  } catch (error) {
    await opened.file.close();
    throw error;
  }
}

const names = ({ weights }: Owner): string =>
  Object.keys(weights)
    .map((name) => `'${name}'`)
    .join(', ');

const describe = (source: unknown): string => {
  if (typeof source === 'string' || isUrl(source)) return `'${source}'`;
  return isMap(source) ? 'a state dict' : (source?.constructor?.name ?? String(source));
};

const isEntry = (value: unknown): value is WeightsEntry =>
  typeof value === 'object' && value !== null && 'sources' in value && 'preprocessing' in value;

/** The entry that `weights` names or is; undefined where it is a file. */
export function entryOf(owner: Owner, weights: WeightsEntry | WeightsSource): WeightsEntry | undefined {
  if (!owner.weights.DEFAULT)
    throw new CnnzooError(
      'INPUT',
      `${owner.name}.pretrained: there are no published weights of '${owner.name}', nor a preprocessing that a file's could ` +
        'be used with. Build it, call loadStateDict(net, file), and make a Classifier of it.',
    );
  if (isEntry(weights)) {
    if (weights.model === owner.name) return weights;
    throw new CnnzooError(
      'INPUT',
      `${owner.name}.pretrained: expected weights of '${owner.name}', received '${weights.name}' of '${weights.model}'.`,
    );
  }
  if (typeof weights !== 'string') return undefined;
  const entry = entryNamed(owner.weights, weights);
  // A file has an ending or a directory in its name, an entry has neither.
  if (entry || /[./\\:]/.test(weights)) return entry;
  throw new CnnzooError(
    'INPUT',
    `${owner.name}.pretrained: there are no weights '${weights}'. Expected ${names(owner)}, or the path or URL of a file.`,
  );
}

interface Opened {
  readonly file: TensorFile;
  /** Hashes the file, where it is one. */
  sha256(): Promise<string | undefined>;
}

async function openGiven(owner: Owner, given: WeightsSource, options: OpenOptions): Promise<Opened> {
  const { key } = options;
  const url = remoteUrl(given);
  if (url) {
    const { file, sha256 } = await obtainWeights(await entryOfUrl(owner, url, key), options);
    return { file, sha256: async () => sha256 };
  }
  const source = await sourceOf(given, options);
  if (!source) return { file: await openTensors(given, { key }), sha256: async () => undefined };
  try {
    return { file: await openTensorSource(source, { key }), sha256: () => hashSource(source) };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The address of what has to be fetched over http. */
function remoteUrl(given: WeightsSource): string | undefined {
  if (!(typeof given === 'string' || isUrl(given)) || localPath(given) !== undefined) return undefined;
  const base = globalThis.location?.href;
  if (!URL.canParse(String(given), base)) return undefined;
  const { href, protocol } = new URL(given, base);
  return protocol === 'http:' || protocol === 'https:' ? href : undefined;
}

/** A URL as an entry of its own, so that it is fetched, checked and kept as one; another for each key. */
async function entryOfUrl({ name: model }: Owner, url: string, key: string | undefined) {
  const file = fileNameOf(url) || 'weights';
  const digits = digitsInName(file);
  const id = await hashSource(bytesSource(new TextEncoder().encode(key === undefined ? url : `${url}\n${key}`), url));
  return {
    model,
    name: `${file}@${id.slice(0, 8)}`,
    sources: [{ kind: 'publisher' as const, url, ...(digits && { hashPrefix: digits }) }],
    ...(key !== undefined && { key }),
  };
}

/**
 * The entry that a file's metadata names or whose hash it has. Else, with a warning, the default one; for a file without
 * the head that the default's has, that of a backbone, where there is one.
 */
async function identify(
  owner: Owner,
  { file, sha256 }: Opened,
  what: string,
  { ownClasses = false }: OpenOptions,
): Promise<Pick<GivenWeights, 'entry' | 'known'>> {
  const { name, weights } = owner;
  const named = identifyByMetadata(file.metadata, name, weights);
  if (named) return { entry: named, known: true };
  const hash = await sha256();
  const published = hash === undefined ? undefined : identifyByHash(hash, weights);
  if (published) return { entry: published, known: true };
  const fallback = hasHead(owner, file) ? weights.DEFAULT! : ofBackbone(weights);
  const model = file.metadata[MODEL_KEY];
  const taken = ownClasses || fallback.categories === null ? 'the preprocessing' : 'preprocessing and categories';
  warn(
    `${name}.pretrained: ${what} is not known as weights of '${name}'` +
      `${model !== undefined && model !== name ? ` (its metadata says '${model}')` : ''}; ${taken} ` +
      `of '${fallback.name}' ${taken.includes(' and ') ? 'are' : 'is'} used. ` +
      `To settle it: pretrained({ weights: 'NAME', from: … }) with one of ${names(owner)}.`,
  );
  return { entry: fallback, known: false };
}

function hasHead({ backbone, renamed }: Owner, file: TensorFile): boolean {
  return backbone === undefined || hasPart(backbone.replaces, renameTensors(file, renamed));
}

/** Returns true if some of the file's tensors lie under the path, or under it behind a prefix. */
export const hasPart = (path: string, { tensors }: Pick<TensorFile, 'tensors'>): boolean =>
  [...tensors.keys()].some((key) => isUnder(path, key) || key.includes(`.${path}.`));

/** The entry of a backbone alone, where there is one. */
const ofBackbone = (weights: Owner['weights']): WeightsEntry =>
  Object.values(weights).find(({ isBackbone }) => isBackbone) ?? weights.DEFAULT!;
