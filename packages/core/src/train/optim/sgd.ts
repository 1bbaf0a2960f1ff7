import { sgdStep } from '../../ops/index.js';
import { CnnzooError } from '../../util/index.js';
import { checkOptimizer, checkOption, type Optimizer, type OptimizerOptions } from './optimizer.js';
import { optimizerOf } from './update-rule.js';

/** Options of `sgd`. */
export interface SgdOptions extends OptimizerOptions {
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
  /**
   * Looks ahead along the momentum, in PyTorch's form. Needs a momentum above 0.
   * @defaultValue false
   */
  nesterov?: boolean;
}

/**
 * Builds stochastic gradient descent with the rule of torch.optim.SGD, dampening 0. For the weight w and its gradient:
 * g = gradient + weightDecay w; v = momentum v + g; w -= lr v, or lr (g + momentum v) with nesterov.
 * tfjs' momentum optimizer multiplies by the rate before it adds to v. Here a schedule acts at once.
 *
 * @throws CnnzooError INPUT for an option that is unknown or out of its range.
 * @example
 * ```ts
 * import { cosine, sgd } from '@cnnzoo/core/train';
 *
 * const optimizer = sgd({
 *   lr: cosine(0.1),
 *   momentum: 0.9,
 *   weightDecay: 1e-4,
 *   groups: [{ match: 'fc', lr: cosine(1) }],
 * });
 * ```
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
