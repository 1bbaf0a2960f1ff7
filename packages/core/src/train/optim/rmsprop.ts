import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from './optimizer.js';
import { checkOptimizer, checkOption, type OptimizerOptions } from './parameter-groups.js';
import { optimizerOf } from './update-rule.js';

export interface RmspropOptions extends OptimizerOptions {
  /** How much the average of the squared gradient keeps at each step, 0 to below 1 (default 0.99). */
  alpha?: number;
  /** Added to the denominator, outside of the root, above 0 (default 1e-8). */
  eps?: number;
  /** How much of the previous step is kept, 0 to below 1. */
  momentum?: number;
  /** Added to the gradient, times the weight: an L2 penalty. */
  weightDecay?: number;
}

/**
 * RMSprop with PyTorch's rule (torch.optim.RMSprop, not centred):
 * g = gradient + weightDecay w; s = alpha s + (1 - alpha) g²; v = momentum v + g / (sqrt(s) + eps); w -= lr v.
 */
export function rmsprop({ alpha = 0.99, eps = 1e-8, momentum = 0, ...options }: RmspropOptions): Optimizer {
  checkOptimizer('rmsprop', options, ['alpha', 'eps', 'momentum']);
  checkOption('rmsprop', 'alpha', alpha, alpha >= 0 && alpha < 1, 'of at least 0 and below 1');
  checkOption('rmsprop', 'eps', eps, eps > 0, 'above 0');
  checkOption('rmsprop', 'momentum', momentum, momentum >= 0 && momentum < 1, 'of at least 0 and below 1');
  return optimizerOf(
    {
      name: 'rmsprop',
      slots: momentum === 0 ? ['square_avg'] : ['square_avg', 'momentum_buffer'],
      update(w, gradient, { square_avg: square, momentum_buffer: velocity }, { lr, weightDecay }) {
        const g = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(w, weightDecay));
        square.assign(tf.add(tf.mul(square, alpha), tf.mul(tf.square(g), 1 - alpha)));
        const direction = tf.div(g, tf.add(tf.sqrt(square), eps));
        if (momentum !== 0) velocity.assign(tf.add(tf.mul(velocity, momentum), direction));
        w.assign(tf.sub(w, tf.mul(momentum === 0 ? direction : velocity, lr)));
      },
    },
    options,
    { alpha, eps, momentum },
  );
}
