import { adamWStep } from '../../ops/index.js';
import { checkOptimizer, checkOption, type Optimizer, type OptimizerOptions } from './optimizer.js';
import { optimizerOf } from './update-rule.js';

/** Options of `adamW`. */
export interface AdamWOptions extends OptimizerOptions {
  /**
   * Fractions of the averages of the gradient and of its square that each step keeps, at least 0 and below 1.
   * @defaultValue [0.9, 0.999]
   */
  betas?: readonly [number, number];
  /**
   * Added to the denominator, above 0.
   * @defaultValue 1e-8
   */
  eps?: number;
  /**
   * Decoupled from the gradient: each step shrinks the weight by lr times this.
   * @defaultValue 0.01, as in PyTorch
   */
  weightDecay?: number;
}

/**
 * Builds Adam with decoupled weight decay, with the rule of torch.optim.AdamW (Loshchilov and Hutter,
 * https://arxiv.org/abs/1711.05101). At the t-th update of the weight w by its gradient g:
 * w -= lr weightDecay w; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g²;
 * w -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps).
 *
 * @throws CnnzooError INPUT for an option that is unknown or out of its range.
 * @example
 * ```ts
 * import { adamW, cosine } from '@cnnzoo/core/train';
 *
 * const optimizer = adamW({ lr: cosine(1e-3), weightDecay: 0.05, decayNormsAndBiases: false });
 * ```
 */
export function adamW({ betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01, ...options }: AdamWOptions): Optimizer {
  checkOptimizer('adamW', options, ['betas', 'eps']);
  const [beta1, beta2] = betas;
  for (const beta of betas) checkOption('adamW', 'betas', beta, beta >= 0 && beta < 1, 'of at least 0 and below 1');
  checkOption('adamW', 'eps', eps, eps > 0, 'above 0');
  return optimizerOf(
    {
      name: 'adamW',
      slots: ['exp_avg', 'exp_avg_sq'],
      update(w, g, { exp_avg: m, exp_avg_sq: v }, { lr, weightDecay, count }) {
        adamWStep(w, g, m, v, { lr, beta1, beta2, eps, weightDecay, step: count });
      },
    },
    { ...options, weightDecay },
    { betas, eps },
  );
}
