import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { clamp, reluGradient } from '../ops/index.js';
import { checkShape, numbers } from './checks.js';
import { type KernelCall, type KernelFamily, NotTaken } from './registry.js';

/** Clamps values to 0 and `most`. A NaN stays NaN; tfjs' own ReLU6 makes it 0. */
function clamped(call: KernelCall, most: number): TensorInfo | NotTaken {
  const x = numbers(call, 'x', ['float32', 'int32']);
  if (x.dtype !== 'float32') return new NotTaken('int32');
  const { engine, tensors } = call.local;
  const length = util.sizeFromShape(x.shape);
  const input = tensors.put(x);
  const output = engine.alloc(length);
  clamp(engine, length, input, output, most);
  return tensors.take(output, x.shape);
}

/** ReLUs and their gradient. The gradient takes one pass instead of tfjs' three. */
export const relu = (() => ({
  Relu: (call) => clamped(call, Number.POSITIVE_INFINITY),
  Relu6: (call) => clamped(call, 6),

  CnnzooReluGrad(call) {
    const [dy, y] = [numbers(call, 'dy'), numbers(call, 'y')];
    checkShape(call, 'dy', dy, y.shape, " of y's shape");
    const { engine, tensors } = call.local;
    const length = util.sizeFromShape(y.shape);
    const [output, outputGradient] = [tensors.put(y), tensors.put(dy)];
    const inputGradient = engine.alloc(length);
    reluGradient(engine, length, output, outputGradient, inputGradient);
    return tensors.take(inputGradient, y.shape);
  },
})) satisfies KernelFamily;
