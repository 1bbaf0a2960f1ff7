import { input } from './checks.js';
import { type KernelFamily, NotTaken } from './registry.js';

/** A tensor of the same data, where tfjs copies it. */
export const identity: KernelFamily = () => ({
  Identity(call) {
    const x = input(call, 'x');
    return x.dtype === 'string' ? new NotTaken('strings') : call.tensors.alias(x);
  },

  Cast(call) {
    const x = input(call, 'x');
    return x.dtype === 'string' || x.dtype !== call.attrs.dtype ? new NotTaken('another dtype') : call.tensors.alias(x);
  },
});
