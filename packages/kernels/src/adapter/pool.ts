import type { TensorInfo } from '@tensorflow/tfjs-core';
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient } from '../ops/index.js';
import { checkRank, checkShape, flag, numbers, optionalNumbers, shapeAttribute } from './checks.js';
import { outShape, ownPoolGeometry, tfjsPoolGeometry, tfjsPoolGradientGeometry } from './geometry.js';
import type { KernelCall, KernelFamily } from './registry.js';

const AXES = 'n, h, w, c';

/** Returns a float32 input [n, h, w, c]. */
function mapOf<Input extends string>(call: KernelCall<Input>, name: NoInfer<Input>): TensorInfo {
  const map = numbers(call, name);
  checkRank(call, name, map, AXES);
  return map;
}

/** Pooling kernels and their gradients: tfjs' own, and ours with PyTorch's meaning. */
export const pool = (() => ({
  MaxPool(call) {
    const { engine, tensors } = call.local;
    const x = mapOf(call, 'x');
    const geometry = tfjsPoolGeometry(call, x);
    return tensors.take(maxPool(engine, geometry, tensors.put(x)), outShape(geometry));
  },

  MaxPoolGrad(call) {
    const { engine, tensors } = call.local;
    const [dy, x] = [mapOf(call, 'dy'), mapOf(call, 'input')];
    const geometry = tfjsPoolGradientGeometry(call, x, dy);
    const output = optionalNumbers(call, 'output');
    if (output) checkShape(call, 'output', output, dy.shape, " of dy's shape");
    return tensors.take(maxPoolGradient(engine, geometry, tensors.put(x), tensors.put(dy)), x.shape);
  },

  AvgPool(call) {
    const { engine, tensors } = call.local;
    const x = mapOf(call, 'x');
    const geometry = tfjsPoolGeometry(call, x);
    return tensors.take(averagePool(engine, geometry, tensors.put(x), false), outShape(geometry));
  },

  AvgPoolGrad(call) {
    const { engine, tensors } = call.local;
    const [dy, x] = [mapOf(call, 'dy'), mapOf(call, 'input')];
    const geometry = tfjsPoolGradientGeometry(call, x, dy);
    // tfjs' gradient divides by the whole kernel, although its forward average leaves the padding out.
    return tensors.take(averagePoolGradient(engine, geometry, tensors.put(dy), true), x.shape);
  },

  CnnzooMaxPool(call) {
    const { engine, tensors } = call.local;
    const x = mapOf(call, 'x');
    const geometry = ownPoolGeometry(call, x.shape);
    return tensors.take(maxPool(engine, geometry, tensors.put(x)), outShape(geometry));
  },

  CnnzooMaxPoolGrad(call) {
    const { engine, tensors } = call.local;
    const [dy, x] = [mapOf(call, 'dy'), mapOf(call, 'x')];
    const geometry = ownPoolGeometry(call, x.shape, dy);
    return tensors.take(maxPoolGradient(engine, geometry, tensors.put(x), tensors.put(dy)), x.shape);
  },

  CnnzooAvgPool(call) {
    const { engine, tensors } = call.local;
    const x = mapOf(call, 'x');
    const geometry = ownPoolGeometry(call, x.shape);
    const countIncludePad = flag(call, 'countIncludePad');
    return tensors.take(averagePool(engine, geometry, tensors.put(x), countIncludePad), outShape(geometry));
  },

  CnnzooAvgPoolGrad(call) {
    const { engine, tensors } = call.local;
    const dy = mapOf(call, 'dy');
    const inputShape = shapeAttribute(call, 'inputShape', AXES);
    const geometry = ownPoolGeometry(call, inputShape, dy);
    const countIncludePad = flag(call, 'countIncludePad');
    return tensors.take(averagePoolGradient(engine, geometry, tensors.put(dy), countIncludePad), inputShape);
  },
})) satisfies KernelFamily;
