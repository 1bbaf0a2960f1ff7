import { Activation } from '../ops/product.js';

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: Activation.linear,
  relu: Activation.relu,
  relu6: Activation.relu6,
};

/** The activation of a fused kernel's attributes; undefined where the kernels don't have it. */
export const activationOf = (name: unknown = 'linear'): Activation | undefined =>
  typeof name === 'string' && Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
