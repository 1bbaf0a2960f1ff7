import type { TensorInfo } from '@tensorflow/tfjs-core';
import { softmaxCrossEntropy } from '../ops/index.js';
import { described, finite, input, misfit } from './checks.js';
import type { KernelFamily, OwnCall } from './registry.js';

/**
 * Throws unless the tensors fit each other. Returns true if the labels are classes, false if they are probabilities.
 */
function checkTensors(call: OwnCall<'CnnzooSoftmaxCrossEntropy'>): boolean {
  const [logits, labels] = [input(call, 'logits'), input(call, 'labels')];
  if (logits.dtype !== 'float32' || logits.shape.length !== 2 || logits.shape[1] === 0)
    throw misfit(call, 'logits float32 [n, classes]', described(logits));
  const [n] = logits.shape;
  const isClasses = labels.dtype === 'int32' && labels.shape.join() === String(n);
  if (!isClasses && !(labels.dtype === 'float32' && labels.shape.join() === logits.shape.join()))
    throw misfit(
      call,
      `labels int32 [${n}], the classes, or float32 [${logits.shape}], their probabilities, beside its logits ` +
        `[${logits.shape}]`,
      described(labels),
    );
  return isClasses;
}

/** Returns the attribute `labelSmoothing`. */
function smoothing(call: OwnCall<'CnnzooSoftmaxCrossEntropy'>): number {
  const value = finite(call, 'labelSmoothing');
  if (value >= 0 && value <= 1) return value;
  throw misfit(call, 'labelSmoothing from 0 to 1', String(value));
}

/** Computes softmax and cross-entropy in one pass. */
export const softmax = (() => ({
  CnnzooSoftmaxCrossEntropy(call) {
    const { inputs, tensors } = call;
    const { logits, labels } = inputs as { logits: TensorInfo; labels: TensorInfo };
    const isClasses = checkTensors(call);
    const labelSmoothing = smoothing(call);
    const [n, classes] = logits.shape as [number, number];
    const outside = isClasses ? tensors.integers(labels).find((label) => !(label >= 0 && label < classes)) : undefined;
    if (outside !== undefined) throw misfit(call, `labels from 0 to ${classes - 1}`, String(outside));
    const loss = tensors.make([n]);
    const gradient = tensors.make([n, classes]);
    softmaxCrossEntropy(
      tensors.values(logits),
      isClasses ? { classes: tensors.integers(labels) } : { probabilities: tensors.values(labels) },
      labelSmoothing,
      tensors.values(loss),
      tensors.values(gradient),
    );
    return [loss, gradient];
  },
})) satisfies KernelFamily;
