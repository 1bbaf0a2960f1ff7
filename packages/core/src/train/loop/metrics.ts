import * as tf from '@tensorflow/tfjs-core';
import { constant } from '../../backend/index.js';
import type { Targets } from '../../data/late.js';
import { softTargets } from './loss.js';

/**
 * Counts the rows that have their label among the `k` largest logits. The label of soft targets is their largest class,
 * or the best ranked of several. Of equal logits the first counts as larger, as in argMax. A label whose logit is NaN is
 * never right, nor is a row without a label. A row of one logit is right if its sigmoid exceeds `threshold` and its
 * class is present, or neither.
 */
export const hitsAt = (k: number, logits: tf.Tensor2D, targets: Targets, threshold = 0.5): tf.Scalar =>
  tf.tidy(() => {
    if (logits.shape[1] === 1) {
      const isRight = tf.equal(tf.greater(tf.sigmoid(logits), threshold), tf.greater(softTargets(targets, 1), 0.5));
      return count(tf.logicalAnd(isRight, tf.equal(logits, logits)));
    }
    if (targets.rank === 1) return count(hits(k, logits, targets as tf.Tensor1D));
    const largest = tf.max(targets, 1, true);
    const isLabel = tf.logicalAnd(tf.equal(targets, largest), tf.greater(targets, 0));
    const labels = tf.argMax(tf.where(isLabel, logits, Number.NEGATIVE_INFINITY), 1) as tf.Tensor1D;
    return count(tf.logicalAnd(hits(k, logits, labels), tf.greater(largest, 0)));
  });

const count = (right: tf.Tensor): tf.Scalar => tf.sum(tf.cast(right, 'int32'));

/** Returns true for each row that is right, bool [n, 1]. */
function hits(k: number, logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor {
  const classes = logits.shape[1];
  const isLabel = tf.oneHot(labels, classes);
  const own = tf.sum(tf.where(tf.cast(isLabel, 'bool'), logits, 0), 1, true);
  const indices = constant<tf.Tensor1D>(`indices ${classes}`, [classes], () =>
    Float32Array.from({ length: classes }, (_, i) => i),
  );
  const isBefore = tf.less(indices, tf.cast(tf.expandDims(labels, 1), 'float32'));
  const ahead = tf.logicalOr(tf.greater(logits, own), tf.logicalAnd(tf.equal(logits, own), isBefore));
  const rank = tf.sum(tf.cast(ahead, 'int32'), 1, true);
  return tf.logicalAnd(tf.less(rank, k), tf.equal(own, own));
}

/** Metrics of scores of independent classes. Soft targets above 0.5 are labels. */
export interface MultiLabelMetrics {
  /** Fraction of all decisions, one for each image and class, that are right: 0 to 1. */
  readonly labelAccuracy: number;
  /** Fraction of images of which every decision is right: 0 to 1. */
  readonly exactMatch: number;
  /**
   * Mean over the classes of the average precision, 0 to 1: the area under precision by recall, as a step function, which
   * is scikit-learn's average_precision_score. Classes that no image has are left out; undefined if none is left.
   */
  readonly meanAveragePrecision?: number;
}

/** Gathers the logits and targets of a whole data set, for metrics that need all images at once. */
export class MultiLabelTally {
  private readonly logits: Float32Array[] = [];
  private readonly targets: Float32Array[] = [];
  private decisions = 0;
  private right = 0;
  private exact = 0;

  constructor(
    private readonly classes: number,
    private readonly thresholds: readonly number[],
  ) {}

  async add(logits: tf.Tensor2D, targets: tf.Tensor2D): Promise<void> {
    const scores = tf.sigmoid(logits);
    try {
      // Copies, since the backend may use its memory again.
      const [ofScores, ofLogits, ofTargets] = (
        await Promise.all([scores, logits, targets].map((tensor) => tensor.data<'float32'>()))
      ).map((values) => values.slice()) as [Float32Array, Float32Array, Float32Array];
      this.decide(ofScores, ofTargets);
      this.logits.push(ofLogits);
      this.targets.push(ofTargets);
    } finally {
      scores.dispose();
    }
  }

  get metrics(): MultiLabelMetrics {
    const images = this.decisions / this.classes;
    const precision = this.meanAveragePrecision();
    return {
      labelAccuracy: this.right / this.decisions,
      exactMatch: this.exact / images,
      ...(precision !== undefined && { meanAveragePrecision: precision }),
    };
  }

  private decide(scores: Float32Array, targets: Float32Array): void {
    const { classes, thresholds } = this;
    for (let row = 0; row < scores.length; row += classes) {
      let right = 0;
      for (let c = 0; c < classes; c++) if (isRight(scores[row + c]!, thresholds[c]!, targets[row + c]!)) right++;
      this.right += right;
      if (right === classes) this.exact++;
    }
    this.decisions += scores.length;
  }

  private meanAveragePrecision(): number | undefined {
    const all: number[] = [];
    for (let c = 0; c < this.classes; c++) {
      const pairs = this.logits.flatMap((logits, batch) =>
        Array.from({ length: logits.length / this.classes }, (_, row): [number, boolean] => {
          const at = row * this.classes + c;
          return [logits[at]!, this.targets[batch]![at]! > 0.5];
        }),
      );
      if (pairs.some(([, isThere]) => isThere)) all.push(averagePrecision(pairs));
    }
    return all.length > 0 ? all.reduce((sum, value) => sum + value, 0) / all.length : undefined;
  }
}

/** Returns true if a decision is right. A score of NaN never is. */
const isRight = (score: number, threshold: number, target: number): boolean =>
  !Number.isNaN(score) && score > threshold === target > 0.5;

/** Sums up, over the distinct scores from the highest, the precision so far times the gain in recall. */
function averagePrecision(pairs: readonly (readonly [score: number, isThere: boolean])[]): number {
  const sorted = [...pairs].sort(([a], [b]) => b - a);
  const positives = sorted.filter(([, isThere]) => isThere).length;
  let [found, counted, sum] = [0, 0, 0];
  for (const [i, [score, isThere]] of sorted.entries()) {
    if (isThere) found++;
    // Equal scores are told apart by no threshold.
    if (sorted[i + 1]?.[0] === score) continue;
    sum += ((found - counted) / positives) * (found / (i + 1));
    counted = found;
  }
  return sum;
}
