import * as tf from '@tensorflow/tfjs-core';
import type { Batch, BatchOptions, Dataset, Targets } from '../../data/late.js';
import { categoriesOf, modelOf, type Net } from '../../graph/index.js';
import { CnnzooError, visible, warn } from '../../util/index.js';

/** Option of functions that take a net and a data set. */
export interface MatchOptions {
  /**
   * Compares the names of the data set's classes with the net's. In another order, labels are matched by name; names
   * that the net lacks are an error. false: the labels count the net's classes, whatever the names.
   * @defaultValue true
   */
  matchCategories?: boolean;
}

/** Returns a name in one spelling of its accents. */
const plain = (name: string): string => name.normalize('NFC');

const MOST_NAMED = 10;

function list(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).map((name) => `'${visible(name)}'`);
  return names.length > MOST_NAMED ? `${shown.join(', ')} and ${names.length - MOST_NAMED} more` : shown.join(', ');
}

/**
 * Returns the net's label for each of the data set's, by the classes' names; undefined if they are the same, or if the
 * net or the data set has no names.
 * @throws CnnzooError INPUT for names that the net lacks, or has twice.
 */
function matchingLabels(net: Net, data: Dataset, where: string): readonly number[] | undefined {
  const own = categoriesOf(net)?.map(plain);
  if (!own || data.named === false || data.categories.length === 0) return undefined;
  const names = data.categories.map(plain);
  if (names.length === own.length && names.every((name, label) => name === own[label])) return undefined;
  const ofOne = matchingLabelsOfOne(own, names);
  if (ofOne) return ofOne.every((label, i) => label === i) ? undefined : ofOne;
  const unknown = names.filter((name) => !own.includes(name));
  if (unknown.length > 0)
    throw new CnnzooError(
      'INPUT',
      `${where}: expected a data set of the net's ${own.length} classes, ${list(own)}; received ${names.length}, among ` +
        `them ${list(unknown)}. Give the net a new head for them (pretrained({ categories })), or, where the labels ` +
        'count the classes of the net all the same, matchCategories: false.',
    );
  const twice = names.filter((name) => own.indexOf(name) !== own.lastIndexOf(name));
  if (twice.length > 0 || new Set(names).size < names.length)
    throw new CnnzooError(
      'INPUT',
      `${where}: the classes of the data set are in another order than the net's, and can't be matched by name, because ` +
        `some names stand for several classes${twice.length > 0 ? `: ${list(twice)}` : ''}. Give each its own name, or ` +
        'put the data set in the order of the net and set matchCategories: false.',
    );
  return names.map((name) => own.indexOf(name));
}

/** Returns the labels of two classes for a net of one logit: 1 for the net's class, 0 for the other one. */
function matchingLabelsOfOne(own: readonly string[], names: readonly string[]): readonly number[] | undefined {
  const isPair = own.length === 1 && names.length === 2 && names[0] !== names[1];
  return isPair && names.includes(own[0]!) ? names.map((name) => Number(name === own[0])) : undefined;
}

/** Returns the net with names for its classes: its own, or those of the data set that it is trained on. */
export const namedBy = (net: Net, data: Dataset): Net =>
  categoriesOf(net) || data.named === false || data.categories.length === 0
    ? net
    : { model: modelOf(net), categories: data.categories };

/** A data set under the net's labels. */
class MatchedDataset implements Dataset {
  readonly size: number;
  readonly fromFiles: boolean;
  readonly fingerprint?: () => Promise<string>;

  /** @param labels the net's label for each of the data set's. */
  constructor(
    private readonly data: Dataset,
    readonly categories: readonly string[],
    private readonly labels: readonly number[],
  ) {
    this.size = data.size;
    this.fromFiles = data.fromFiles ?? false;
    if (data.fingerprint)
      this.fingerprint = async () => JSON.stringify({ data: await data.fingerprint!(), labels, of: categories.length });
  }

  async *batches(options: BatchOptions): AsyncGenerator<Batch, void, void> {
    for await (const { x, y } of this.data.batches(options)) {
      let targets: Targets;
      try {
        targets = y.rank === 1 ? await this.labelsOf(y as tf.Tensor1D) : await this.softOf(y as tf.Tensor2D);
      } catch (error) {
        x.dispose();
        throw error;
      } finally {
        y.dispose();
      }
      yield { x, y: targets };
    }
  }

  private async labelsOf(y: tf.Tensor1D): Promise<tf.Tensor1D> {
    const values = Int32Array.from(await y.data());
    const stray = values.find((label) => this.labels[label] === undefined);
    if (stray !== undefined)
      throw new CnnzooError(
        'INPUT',
        `expected labels of the data set's own ${this.labels.length} classes, from 0, received ${stray}.`,
      );
    return tf.tensor1d(
      values.map((label) => this.labels[label]!),
      'int32',
    );
  }

  private async softOf(y: tf.Tensor2D): Promise<tf.Tensor2D> {
    const [images, given] = y.shape;
    const { length } = this.labels;
    // One of two classes is the absence of the net's only one: it has no soft target.
    if (given !== length || this.categories.length < length)
      throw new CnnzooError(
        'SHAPE',
        `expected targets of the data set's own ${length} classes, [${images},${length}], received [${y.shape}].`,
      );
    const classes = this.categories.length;
    const values = new Float32Array(images * classes);
    for (const [i, value] of (await y.data()).entries())
      values[Math.floor(i / length) * classes + this.labels[i % length]!] = value;
    return tf.tensor2d(values, [images, classes]);
  }
}

/**
 * Returns the data set under the net's labels: the data set itself if both have the same classes in the same order, or
 * one has no names; otherwise one whose labels are matched by name, with a warning.
 * @param where the calling function, for messages.
 * @throws CnnzooError INPUT for classes that the net lacks.
 */
export function matchCategories(net: Net, data: Dataset, { matchCategories }: MatchOptions, where: string): Dataset {
  if (matchCategories !== undefined && typeof matchCategories !== 'boolean')
    throw new CnnzooError('INPUT', `${where}: expected matchCategories true or false, received ${matchCategories}.`);
  const labels = matchCategories === false ? undefined : matchingLabels(net, data, where);
  if (!labels) return data;
  const own = categoriesOf(net)!;
  const missing = own.filter((_, label) => !labels.includes(label));
  warn(
    `${where}: the data set's classes are not in the order of the net's: labels are matched by name.` +
      (missing.length > 0 ? ` The data set has no class ${list(missing)}.` : ''),
  );
  return new MatchedDataset(data, own, labels);
}
