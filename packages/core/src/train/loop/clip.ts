import * as tf from '@tensorflow/tfjs-core';
import { CnnzooError } from '../../errors.js';
import type { Gradient } from '../optim/index.js';

/** The gradients as one vector: its Euclidean length. */
async function globalNorm(gradients: readonly Gradient[]): Promise<number> {
  const squares = tf.tidy(() => tf.stack(gradients.map(({ gradient }) => tf.sum(tf.square(gradient)))));
  try {
    return Math.sqrt((await squares.data<'float32'>()).reduce((sum, square) => sum + square, 0));
  } finally {
    squares.dispose();
  }
}

/**
 * Scales gradients so that their global norm is at most `maxNorm`: by min(1, maxNorm / (norm + 1e-6)), as
 * torch.nn.utils.clip_grad_norm_. Resolves to gradients that are the caller's, in place of those given, which it
 * disposes of where they change.
 * @throws CnnzooError TRAINING where the norm is not finite.
 */
export async function clipByGlobalNorm(gradients: readonly Gradient[], maxNorm: number): Promise<readonly Gradient[]> {
  const norm = await globalNorm(gradients);
  if (!Number.isFinite(norm))
    throw new CnnzooError(
      'TRAINING',
      `The gradients' norm is ${norm}, which no clipping mends; the trainable weights are those of the step before. ` +
        'Lower the learning rate, or look for inputs that are not finite.',
    );
  const factor = maxNorm / (norm + 1e-6);
  if (factor >= 1) return gradients;
  return gradients.map(({ gradient, ...rest }) => {
    const clipped = tf.mul(gradient, factor);
    gradient.dispose();
    return { ...rest, gradient: clipped };
  });
}
