import type { AdamWAttributes, SgdAttributes } from '@cnnzoo/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.js';

/** Number of steps that changed a variable's values in place. Kept on the variable, where every copy of core finds it. */
const CHANGES = /* @__PURE__ */ Symbol.for('cnnzoo.changes');
type Counted = tf.Tensor & { [CHANGES]?: number };

/** Returns how many steps have changed a variable's values in place, so that its `dataId` stayed as it was. */
export const changesOf = (variable: tf.Tensor): number => (variable as Counted)[CHANGES] ?? 0;

/** Gives a variable the values of a step by a kernel. */
function take(variable: tf.Variable, next: tf.Tensor): void {
  if (next.dataId === variable.dataId) (variable as Counted)[CHANGES] = changesOf(variable) + 1;
  variable.assign(next);
}

/**
 * One step of torch.optim.SGD (dampening 0), in place: g = gradient + weightDecay w; v = momentum v + g; w -= lr v, or
 * lr (g + momentum v) with nesterov. For use inside a tidy.
 *
 * @param velocity v, zeros at first; undefined for a momentum of 0.
 */
export function sgdStep(
  w: tf.Variable,
  gradient: tf.Tensor,
  velocity: tf.Variable | undefined,
  settings: SgdAttributes,
): void {
  if (hasKernel('CnnzooSgd')) {
    const inputs = { param: w, grad: gradient, ...(velocity && { velocity }) };
    const [nextW, nextVelocity]: [tf.Tensor, tf.Tensor?] = runKernel('CnnzooSgd', inputs, settings);
    take(w, nextW);
    if (nextVelocity && velocity) take(velocity, nextVelocity);
    return;
  }
  const { lr, momentum, nesterov, weightDecay } = settings;
  const g = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(w, weightDecay));
  let direction = g;
  if (velocity) {
    velocity.assign(tf.add(tf.mul(velocity, momentum), g));
    direction = nesterov ? tf.add(g, tf.mul(velocity, momentum)) : velocity;
  }
  w.assign(tf.sub(w, tf.mul(direction, lr)));
}

/**
 * One step of torch.optim.AdamW, in place, of a parameter's `step`-th update: w -= lr weightDecay w;
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g²; w -= lr / (1 - beta1^step) m /
 * (sqrt(v) / sqrt(1 - beta2^step) + eps). For use inside a tidy.
 *
 * @param m mean gradient, zeros at first.
 * @param v mean squared gradient, zeros at first.
 */
export function adamWStep(
  w: tf.Variable,
  g: tf.Tensor,
  m: tf.Variable,
  v: tf.Variable,
  settings: AdamWAttributes,
): void {
  if (hasKernel('CnnzooAdamW')) {
    const results = runKernel('CnnzooAdamW', { param: w, grad: g, m, v }, settings);
    for (const [i, variable] of [w, m, v].entries()) take(variable, results[i]!);
    return;
  }
  const { lr, beta1, beta2, eps, weightDecay, step } = settings;
  m.assign(tf.add(tf.mul(m, beta1), tf.mul(g, 1 - beta1)));
  v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(g), 1 - beta2)));
  const denominator = tf.add(tf.div(tf.sqrt(v), Math.sqrt(1 - beta2 ** step)), eps);
  const change = tf.mul(tf.div(m, denominator), lr / (1 - beta1 ** step));
  w.assign(tf.sub(weightDecay === 0 ? w : tf.mul(w, 1 - lr * weightDecay), change));
}
