import { hashSource, localPath } from '#platform';
import { isMap, isUrl } from '../bytes.js';
import { CnnzooError } from '../errors.js';
import { isUnder } from '../layers/layer.js';
import { warn } from '../warn.js';
import { fileNameOf } from './cached.js';
import type { ModelDefinition } from './define.js';
import { digitsInName } from './expected-hash.js';
import { bytesSource } from './formats/bytes.js';
import { entryNamed, identifyByHash, identifyByMetadata } from './identify.js';
import { MODEL_KEY } from './metadata-keys.js';
import { type ObtainOptions, obtainWeights } from './obtain.js';
import { openTensorSource, openTensors, sourceOf } from './open.js';
import type { WeightsEntry } from './registry.js';
import { renameTensors } from './renamed.js';
import type { TensorFile, WeightsSource } from './tensors.js';

/** An opened checkpoint, and the entry whose preprocessing and categories hold for it. */
export interface GivenWeights {
  readonly file: TensorFile;
  readonly entry: WeightsEntry;
  /** Whether the caller gave the file, rather than the name of an entry. */
  readonly given: boolean;
}

/** What of a definition is needed to find its weights. */
type Owner = Pick<ModelDefinition, 'name' | 'weights' | 'renamed'> & {
  readonly backbone?: { readonly replaces: string };
};

interface OpenOptions extends ObtainOptions {
  readonly weights?: WeightsEntry | WeightsSource;
  readonly from?: WeightsSource | undefined;
}

/** Opens what `pretrained` was asked for. The caller closes the file. */
export async function openWeights(owner: Owner, options: OpenOptions): Promise<GivenWeights> {
  const { weights = 'DEFAULT', from } = options;
  const entry = entryOf(owner, weights);
  if (from !== undefined) {
    if (entry) return { file: (await openGiven(owner, from, options)).file, entry, given: true };
    throw new CnnzooError(
      'INPUT',
      `${owner.name}.pretrained: expected with from the name of the entry that it holds, weights: ${names(owner)}; ` +
        `received ${describe(weights)}.`,
    );
  }
  if (entry) return { file: (await obtainWeights(entry, options)).file, entry, given: false };
  const opened = await openGiven(owner, weights as WeightsSource, options);
  try {
    return { file: opened.file, entry: await identify(owner, opened, describe(weights)), given: true };
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

async function openGiven(owner: Owner, given: WeightsSource, options: ObtainOptions): Promise<Opened> {
  const url = remoteUrl(given);
  if (url) {
    const { file, sha256 } = await obtainWeights(await entryOfUrl(owner, url), options);
    return { file, sha256: async () => sha256 };
  }
  const source = await sourceOf(given, options);
  if (!source) return { file: await openTensors(given), sha256: async () => undefined };
  try {
    return { file: await openTensorSource(source), sha256: () => hashSource(source) };
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

/** A URL as an entry of its own, so that it is fetched, checked and kept as one. */
async function entryOfUrl({ name: model }: Owner, url: string) {
  const file = fileNameOf(url) || 'weights';
  const digits = digitsInName(file);
  const id = await hashSource(bytesSource(new TextEncoder().encode(url), url));
  return {
    model,
    name: `${file}@${id.slice(0, 8)}`,
    sources: [{ kind: 'publisher' as const, url, ...(digits && { hashPrefix: digits }) }],
  };
}

/**
 * The entry that a file's metadata names or whose hash it has. Else, with a warning, the default one; for a file without
 * the head that the default's has, that of a backbone, where there is one.
 */
async function identify(owner: Owner, { file, sha256 }: Opened, what: string): Promise<WeightsEntry> {
  const { name, weights } = owner;
  const named = identifyByMetadata(file.metadata, name, weights);
  if (named) return named;
  const hash = await sha256();
  const published = hash === undefined ? undefined : identifyByHash(hash, weights);
  if (published) return published;
  const fallback = hasHead(owner, file) ? weights.DEFAULT! : ofBackbone(weights);
  const model = file.metadata[MODEL_KEY];
  warn(
    `${name}.pretrained: ${what} is not known as weights of '${name}'` +
      `${model !== undefined && model !== name ? ` (its metadata says '${model}')` : ''}; preprocessing and categories ` +
      `of '${fallback.name}' are used. To settle it: pretrained({ weights: 'NAME', from: … }) with one of ${names(owner)}.`,
  );
  return fallback;
}

function hasHead({ backbone, renamed }: Owner, file: TensorFile): boolean {
  const keys = [...renameTensors(file, renamed).tensors.keys()];
  return backbone === undefined || keys.some((key) => isUnder(backbone.replaces, key));
}

/** The entry of a backbone alone, where there is one. */
const ofBackbone = (weights: Owner['weights']): WeightsEntry =>
  Object.values(weights).find(({ isBackbone }) => isBackbone) ?? weights.DEFAULT!;
