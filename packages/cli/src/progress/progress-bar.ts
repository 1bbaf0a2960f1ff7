import { CnnzooError } from '@cnnzoo/core';
import type { FitProgress } from '@cnnzoo/core/train';
import { ProgressLine } from '@cnnzoo/report';

/**
 * Returns a listener for `fit` that draws a bar on standard error, with the epoch, loss, top-1 and remaining time. The
 * bar is erased when the training ends, fails or is aborted. Nothing is drawn if standard error is not a terminal.
 *
 * @returns a function to pass as `onProgress`
 * @throws CnnzooError INPUT if `progressBar` itself is passed as `onProgress`, instead of its result
 * @example
 * ```ts
 * import { mnist } from '@cnnzoo/core/data';
 * import { fit, sgd } from '@cnnzoo/core/train';
 * import { lenet5_relu } from '@cnnzoo/lenet';
 * import { progressBar } from 'cnnzoo';
 *
 * const digits = await mnist('mnist/', { split: 'train' });
 * await fit(lenet5_relu(), digits, { optimizer: sgd({ lr: 0.05 }), onProgress: progressBar() });
 * ```
 */
export function progressBar(...received: readonly never[]): (event: FitProgress) => void {
  if (received.length > 0)
    throw new CnnzooError(
      'INPUT',
      'progressBar: expected no arguments, received an event. Write onProgress: progressBar().',
    );
  const { stderr } = process;
  if (!stderr.isTTY) return () => undefined;
  const line = new ProgressLine(stderr);
  return (event) => line.show(event);
}
