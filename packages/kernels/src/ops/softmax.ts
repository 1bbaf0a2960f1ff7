/** Targets of the probabilities: one class a row, or a distribution over the classes for each row. */
export type Targets = { readonly classes: Int32Array } | { readonly probabilities: Float32Array };

/**
 * Computes the cross-entropy of softmax(logits) with the targets and its gradient, row by row. JavaScript does this in
 * double precision: a batch has few logits. Each row is shifted by its maximum, so that nothing overflows.
 *
 * @param logits [n, classes]
 * @param labelSmoothing fraction of every target that is spread evenly over the classes
 * @param loss [n], written
 * @param gradient [n, classes], written: softmax(logits) - targets
 */
export function softmaxCrossEntropy(
  logits: Float32Array,
  targets: Targets,
  labelSmoothing: number,
  loss: Float32Array,
  gradient: Float32Array,
): void {
  const classes = logits.length / loss.length;
  const spread = labelSmoothing / classes;
  const labels = 'classes' in targets ? targets.classes : undefined;
  const probabilities = 'classes' in targets ? undefined : targets.probabilities;
  const exponentials = new Float64Array(classes);
  const asked = new Float64Array(classes);
  for (let row = 0, at = 0; row < loss.length; row++, at += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, logits[at + c]!);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += exponentials[c] = Math.exp(logits[at + c]! - largest);
    const logSum = Math.log(sum);
    let rowLoss = 0;
    let total = 0;
    for (let c = 0; c < classes; c++) {
      const given = probabilities ? probabilities[at + c]! : Number(labels![row] === c);
      const target = (1 - labelSmoothing) * given + spread;
      // A logit of -Infinity adds no loss if its target is 0.
      if (target !== 0) rowLoss += target * (logSum - (logits[at + c]! - largest));
      total += target;
      asked[c] = target;
    }
    for (let c = 0; c < classes; c++) gradient[at + c] = (exponentials[c]! / sum) * total - asked[c]!;
    loss[row] = rowLoss;
  }
}
