import { CnnzooError } from '../../errors.js';
import { sgdStep } from '../../ops/index.js';
import type { Optimizer } from './optimizer.js';
import { checkOptimizer, checkOption, type OptimizerOptions } from './parameter-groups.js';
import { optimizerOf } from './update-rule.js';

export interface SgdOptions extends OptimizerOptions {
  /** How much of the previous step is kept, 0 to below 1. */
  momentum?: number;
  /** Added to the gradient, times the weight: an L2 penalty. */
  weightDecay?: number;
  /** Looks ahead along the momentum, in PyTorch's form; needs momentum. */
  nesterov?: boolean;
}

/**
 * Stochastic gradient descent with PyTorch's rule (torch.optim.SGD, dampening 0):
 * g = gradient + weightDecay w; v = momentum v + g; w -= lr v, or lr (g + momentum v) with nesterov.
 * Unlike tfjs' momentum optimizer it scales by the rate when it is used, so that a schedule acts at once.
 */
export function sgd({ momentum = 0, nesterov = false, ...options }: SgdOptions): Optimizer {
  checkOptimizer('sgd', options, ['momentum', 'nesterov']);
  checkOption('sgd', 'momentum', momentum, momentum >= 0 && momentum < 1, 'of at least 0 and below 1');
  if (nesterov && momentum === 0) throw new CnnzooError('INPUT', 'sgd: nesterov looks along the momentum: give one.');
  return optimizerOf(
    {
      name: 'sgd',
      slots: momentum === 0 ? [] : ['momentum_buffer'],
      update(w, gradient, { momentum_buffer: velocity }, { lr, weightDecay }) {
        sgdStep(w, gradient, velocity, { lr, momentum, nesterov, weightDecay });
      },
    },
    options,
    { momentum, nesterov },
  );
}
