import { util } from '@tensorflow/tfjs-core';
import { KernelError } from '../errors.js';
import { reluGradient } from '../ops/relu.js';
import { notFloats } from './floats.js';
import type { KernelFamily } from './registry.js';

/** The gradient of a ReLU in one pass, where tfjs' takes three. */
export const relu: KernelFamily = () => ({
  /** Inputs of one shape: dy, and y, what the ReLU gave. Result: dx. */
  CnnzooReluGrad(call) {
    const refused = notFloats(call);
    if (refused) return refused;
    const { dy, y } = call.inputs;
    if (dy!.shape.join() !== y!.shape.join())
      throw new KernelError(`CnnzooReluGrad expects dy of y's shape [${y!.shape}], not [${dy!.shape}].`);
    const { engine, tensors } = call.local;
    const length = util.sizeFromShape(y!.shape);
    const [output, outputGradient] = [tensors.put(y!), tensors.put(dy!)];
    const inputGradient = engine.alloc(length);
    reluGradient(engine, length, output, outputGradient, inputGradient);
    return tensors.take(inputGradient, y!.shape);
  },
});
