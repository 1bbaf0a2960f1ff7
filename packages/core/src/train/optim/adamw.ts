import { adamWStep } from '../../ops/index.js';
import type { Optimizer } from './optimizer.js';
import { checkOptimizer, checkOption, type OptimizerOptions } from './parameter-groups.js';
import { optimizerOf } from './update-rule.js';

export interface AdamWOptions extends OptimizerOptions {
  /** How much the averages of the gradient and of its square keep at each step, 0 to below 1 (default 0.9, 0.999). */
  betas?: readonly [number, number];
  /** Added to the denominator, above 0 (default 1e-8). */
  eps?: number;
  /** Beside the gradient: each step shrinks the weight by lr times this (default 0.01, as in PyTorch). */
  weightDecay?: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, https://arxiv.org/abs/1711.05101), torch.optim.AdamW's rule.
 * At a parameter's t-th update by the gradient g:
 * w -= lr weightDecay w; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g²;
 * w -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps).
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
