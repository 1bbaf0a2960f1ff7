import { useBackend } from '../backend/index.js';
import type { WeightsSource } from '../checkpoint/index.js';
import { checkKey } from '../checkpoint/late.js';
import type { DownloadOptions } from '../download/late.js';
import type { InputShape } from '../graph/index.js';
import { wantedBy } from '../state-dict/late.js';
import { CnnzooError, checkCategories, checkOptions } from '../util/index.js';
import { needsHead } from './fresh-heads.js';
import { describeSource, entriesOf, namedEntry } from './identify.js';
import type { BuildOptions, ModelDefinition } from './model-definition.js';
import type { PretrainedOptions } from './pretrained-options.js';
import type { WeightsEntry } from './weights.js';

/** Options of `pretrained` that its builder has not. */
const OPTIONS = ['weights', 'from', 'key', 'head', 'categories', 'freeze', 'fetch', 'signal', 'progress'];

/** Net that is asked for. */
export interface AskedNet<Options extends BuildOptions = BuildOptions> {
  readonly inputShape: InputShape;
  /** Number of classes, also of `categories`; 0: no head. Undefined: those of the checkpoint. */
  readonly numClasses?: number | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly head?: 'new' | undefined;
  /** Options for the builder, but for `numClasses`. */
  readonly builder: Options;
}

/** Checked options of `pretrained`. */
export interface Asked<Options extends BuildOptions = BuildOptions> extends AskedNet<Options>, DownloadOptions {
  /** Entry that the caller names; undefined if the checkpoint has to be identified. */
  readonly entry: WeightsEntry | undefined;
  /** Checkpoint that the caller gives; undefined if the entry is downloaded. */
  readonly given: WeightsSource | undefined;
  readonly key?: string | undefined;
  readonly freeze?: 'backbone' | undefined;
}

/**
 * Checks the options of `pretrained` before anything is downloaded.
 * @throws CnnzooError INPUT.
 */
export async function checkPretrained<Options extends BuildOptions, Names extends string>(
  definition: ModelDefinition<Options, Names>,
  options: PretrainedOptions<Names>,
): Promise<Asked<Options>> {
  await checkNames(definition, options);
  const where = `${definition.name}.pretrained`;
  const { weights = 'DEFAULT', from, key, categories, freeze, head, fetch, signal, progress } = options;
  const numClasses = checkClasses(where, options);
  checkWord(where, 'freeze', freeze, 'backbone');
  checkWord(where, 'head', head, 'new');
  checkKey(where, key);
  const entry = namedEntry(definition, weights);
  if (entry?.isBackbone && numClasses === undefined) throw needsHead(where);
  if (from !== undefined && !entry)
    throw new CnnzooError(
      'INPUT',
      `${where}: expected with from the name of the entry that it holds, weights: ${entriesOf(definition)}; ` +
        `received ${describeSource(weights)}.`,
    );
  if (from === undefined && entry && key !== undefined)
    throw new CnnzooError(
      'INPUT',
      `${where}: expected key with a file of yours, received '${key}' with the entry '${entry.name}'.`,
    );
  const inputShape = options.inputShape ?? definition.inputShape;
  const builder = Object.entries({ ...options, inputShape }).filter(
    ([name]) => name !== 'numClasses' && !OPTIONS.includes(name),
  );
  return {
    entry,
    given: from ?? (entry ? undefined : (weights as WeightsSource)),
    ...{ key, inputShape, numClasses, categories, freeze, head, fetch, signal, progress },
    builder: Object.fromEntries(builder) as unknown as Options,
  };
}

/** Throws for options that neither `pretrained` nor the builder has. */
async function checkNames<Options extends BuildOptions, Names extends string>(
  definition: ModelDefinition<Options, Names>,
  options: PretrainedOptions<Names>,
): Promise<void> {
  const isOwn = (key: string): boolean => !OPTIONS.includes(key) && !definition.options.has(key);
  const own = Object.entries(options ?? {}).filter(([key, value]) => value !== undefined && isOwn(key));
  if (own.length > 0) {
    await useBackend();
    try {
      // The builder tells its options by building.
      wantedBy(() => definition(Object.fromEntries(own) as Options));
    } catch (error) {
      if (!(error instanceof CnnzooError)) throw error;
    }
  }
  checkOptions(`${definition.name}.pretrained`, options, [...OPTIONS, ...definition.options]);
}

function checkWord(where: string, option: string, value: unknown, expected: string): void {
  if (value === undefined || value === expected) return;
  throw new CnnzooError('INPUT', `${where}: expected ${option} '${expected}' or nothing, received '${String(value)}'.`);
}

/** Returns the number of classes of the head; undefined if it is the checkpoint's own. */
function checkClasses(where: string, { numClasses, categories }: PretrainedOptions): number | undefined {
  if (numClasses !== undefined && categories !== undefined)
    throw new CnnzooError('INPUT', `${where}: expected numClasses or categories, received both.`);
  if (categories === undefined) return numClasses;
  checkCategories(where, categories);
  return categories.length;
}
