import * as tf from '@tensorflow/tfjs-core';
import { checkOptimizer, checkOption, type Optimizer, type OptimizerOptions } from './optimizer.js';
import { optimizerOf } from './update-rule.js';

/** Options of `rmsprop`. */
export interface RmspropOptions extends OptimizerOptions {
  /**
   * Fraction of the average of squared gradients that each step keeps, at least 0 and below 1.
   * @defaultValue 0.99
   */
  alpha?: number;
  /**
   * Added to the denominator, outside the root; above 0.
   * @defaultValue 1e-8
   */
  eps?: number;
  /**
   * Fraction of the previous step that is kept, at least 0 and below 1.
   * @defaultValue 0
   */
  momentum?: number;
  /**
   * An L2 penalty: `weightDecay` times the weight is added to the gradient.
   * @defaultValue 0
   */
  weightDecay?: number;
}

/**
 * Builds an RMSprop optimizer with the rule of torch.optim.RMSprop, not centred. For the weight w and its gradient:
 * g = gradient + weightDecay w; s = alpha s + (1 - alpha) g²; v = momentum v + g / (sqrt(s) + eps); w -= lr v.
 *
 * @throws CnnzooError INPUT for an option that is unknown or out of its range.
 * @example
 * ```ts
 * import { exponential, rmsprop } from '@cnnzoo/core/train';
 *
 * const optimizer = rmsprop({ lr: exponential(0.01, 0.9999), momentum: 0.9 });
 * ```
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
