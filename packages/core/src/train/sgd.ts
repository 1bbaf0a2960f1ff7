import * as tf from '@tensorflow/tfjs-core';
import { CnnzooError } from '../errors.js';
import { hasKernel, runKernel } from '../layers/kernel-ops.js';
import type { Optimizer, Schedule } from './optimizer.js';

export interface SgdOptions {
  /** Learning rate. */
  lr: Schedule;
  /** How much of the previous step is kept, 0 to below 1. */
  momentum?: number;
  /** Added to the gradient, times the weight: an L2 penalty on every trainable weight, biases and norms too. */
  weightDecay?: number;
  /** Looks ahead along the momentum, in PyTorch's form; needs momentum. */
  nesterov?: boolean;
}

const inRange = (name: string, value: number, ok: boolean, expected: string): void => {
  if (ok) return;
  throw new CnnzooError('INPUT', `sgd: expected ${name} ${expected}, received ${value}.`);
};

interface KernelStep {
  readonly lr: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

/** A step in one pass, in place. The velocity is 0 at first. */
function stepOnKernel(
  param: tf.Variable,
  grad: tf.Tensor,
  velocities: Map<tf.Variable, tf.Variable>,
  step: KernelStep,
): void {
  if (step.momentum !== 0 && !velocities.has(param))
    velocities.set(
      param,
      tf.tidy(() => tf.variable(tf.zerosLike(param), false)),
    );
  const velocity = velocities.get(param);
  tf.tidy(() => {
    const inputs = { param, grad, ...(velocity && { velocity }) };
    const [w, v] = runKernel<tf.Tensor[]>('CnnzooSgd', inputs, step);
    param.assign(w!);
    if (v) velocity?.assign(v);
  });
}

/**
 * Stochastic gradient descent with PyTorch's rule (torch.optim.SGD, dampening 0):
 * g = gradient + weightDecay w; v = momentum v + g, at first v = g; w -= lr v, or lr (g + momentum v) with nesterov.
 * Unlike tfjs' momentum optimizer it scales by the rate when it is used, so that a schedule acts at once.
 */
export function sgd({ lr, momentum = 0, weightDecay = 0, nesterov = false }: SgdOptions): Optimizer {
  inRange('momentum', momentum, momentum >= 0 && momentum < 1, 'of at least 0 and below 1');
  inRange('weightDecay', weightDecay, weightDecay >= 0 && Number.isFinite(weightDecay), 'of at least 0');
  if (nesterov && momentum === 0) throw new CnnzooError('INPUT', 'sgd: nesterov looks along the momentum: give one.');
  const rateAt = typeof lr === 'function' ? lr : () => lr;
  const checkedRate = (step: number, steps: number): number => {
    const rate = rateAt(step, steps);
    inRange(`a learning rate at step ${step}`, rate, Number.isFinite(rate) && rate >= 0, 'of at least 0');
    return rate;
  };
  if (typeof lr === 'number') checkedRate(0, 1);

  return {
    start() {
      const velocities = new Map<tf.Variable, tf.Variable>();
      return {
        update(gradients, step, steps) {
          const rate = checkedRate(step, steps);
          for (const { variable, gradient } of gradients) {
            if (hasKernel('CnnzooSgd')) {
              stepOnKernel(variable, gradient, velocities, { lr: rate, momentum, nesterov, weightDecay });
              continue;
            }
            tf.tidy(() => {
              const g = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(variable, weightDecay));
              let direction = g;
              if (momentum !== 0) {
                const velocity = velocities.get(variable);
                const v = velocity ? tf.add(tf.mul(velocity, momentum), g) : g;
                if (velocity) velocity.assign(v);
                else velocities.set(variable, tf.variable(v, false));
                direction = nesterov ? tf.add(g, tf.mul(v, momentum)) : v;
              }
              variable.assign(tf.sub(variable, tf.mul(direction, rate)));
            });
          }
        },
        dispose() {
          tf.dispose([...velocities.values()]);
          velocities.clear();
        },
      };
    },
  };
}
