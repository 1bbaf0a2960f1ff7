import { unexpected } from './check-numbers.js';
import type { Layer } from './layer.js';

/** Options that a block hands to its norms. */
export interface NormOptions {
  /** Initial values of `weight`: 'zeros' for the last norm of a residual branch. Default: 'ones'. */
  initial?: 'ones' | 'zeros';
}

/**
 * Makes the norms of a block, as torchvision's `norm_layer`.
 *
 * @example
 * ```ts
 * import { batchNorm, groupNorm, identity, type Norm } from '@cnnzoo/core';
 * const batch: Norm = batchNorm;
 * const group: Norm = (options) => groupNorm(32, options);
 * const none: Norm = () => identity;
 * ```
 */
export type Norm = (options?: NormOptions) => Layer;

/** @throws CnnzooError INPUT for initial values that no norm begins with. */
export function checkNormInitial(layer: string, initial: unknown): void {
  if (initial !== 'ones' && initial !== 'zeros') throw unexpected(layer, "'ones' or 'zeros'", 'initial', initial);
}
