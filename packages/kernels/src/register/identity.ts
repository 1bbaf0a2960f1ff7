import { type KernelFamily, NotTaken } from './registry.js';

/** A tensor of the same data. tfjs copies it. */
export const identity: KernelFamily = () => ({
  Identity(call) {
    const x = call.inputs.x!;
    return x.dtype === 'string' ? new NotTaken('strings') : call.tensors.alias(x);
  },
});
