import type { TensorInfo } from '@tensorflow/tfjs-core';
import { KernelError } from '../errors.js';
import { softmaxCrossEntropy } from '../ops/softmax.js';
import type { KernelCall, KernelFamily } from './registry.js';

const described = ({ dtype, shape }: TensorInfo): string => `${dtype} [${shape}]`;

/** Refuses tensors that do not belong together; returns whether the labels are classes, not probabilities. */
function checkTensors({ inputs }: KernelCall): boolean {
  const { logits, labels } = inputs as { logits: TensorInfo; labels: TensorInfo };
  if (logits.dtype !== 'float32' || logits.shape.length !== 2)
    throw new KernelError(`CnnzooSoftmaxCrossEntropy expects logits float32 [n, classes], not ${described(logits)}.`);
  const [n] = logits.shape;
  const isClasses = labels.dtype === 'int32' && labels.shape.join() === String(n);
  if (!isClasses && !(labels.dtype === 'float32' && labels.shape.join() === logits.shape.join()))
    throw new KernelError(
      `CnnzooSoftmaxCrossEntropy of logits [${logits.shape}] expects labels int32 [${n}], the classes, or ` +
        `float32 [${logits.shape}], their probabilities, not ${described(labels)}.`,
    );
  return isClasses;
}

/** Softmax and cross-entropy in one pass. */
export const softmax: KernelFamily = () => ({
  /**
   * Inputs: logits float32 [n, classes]; labels int32 [n], or probabilities float32 [n, classes]. Attribute
   * `labelSmoothing`, 0 to 1: the part of the target that is spread evenly over the classes. Results: the loss of each
   * example [n], and its gradient by the logits [n, classes].
   */
  CnnzooSoftmaxCrossEntropy(call) {
    const { inputs, attrs, tensors, backend } = call;
    const { logits, labels } = inputs as { logits: TensorInfo; labels: TensorInfo };
    const isClasses = checkTensors(call);
    const [n, classes] = logits.shape as [number, number];
    const outside = isClasses ? tensors.integers(labels).find((label) => !(label >= 0 && label < classes)) : undefined;
    if (outside !== undefined)
      throw new KernelError(`CnnzooSoftmaxCrossEntropy expects labels from 0 to ${classes - 1}, not ${outside}.`);
    const loss = backend.makeOutput([n], 'float32');
    const gradient = backend.makeOutput([n, classes], 'float32');
    softmaxCrossEntropy(
      tensors.values(logits),
      isClasses ? { classes: tensors.integers(labels) } : { probabilities: tensors.values(labels) },
      attrs.labelSmoothing as number,
      tensors.values(loss),
      tensors.values(gradient),
    );
    return [loss, gradient];
  },
});
