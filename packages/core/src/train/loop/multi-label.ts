import * as tf from '@tensorflow/tfjs-core';

/** How well scores of independent classes agree with soft targets, of which those above 0.5 are labels. */
export interface MultiLabelMetrics {
  /** Share of all decisions, one for each image and class, that are right: 0 to 1. */
  readonly labelAccuracy: number;
  /** Share of images of which every decision is right: 0 to 1. */
  readonly exactMatch: number;
  /**
   * Mean over the classes of the average precision: the area under precision by recall, as a step function. Classes that
   * no image has are left out; undefined if there are no others.
   */
  readonly meanAveragePrecision?: number;
}

/** Gathers the logits and targets of a whole data set, for metrics that look at all images at once. */
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
      // Copies: the values are the backend's own, which it may use again.
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

/** A score that is not a number is never right. */
const isRight = (score: number, threshold: number, target: number): boolean =>
  !Number.isNaN(score) && score > threshold === target > 0.5;

/** Sum over the distinct scores, from the highest, of the precision so far times what the recall gained by it. */
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
