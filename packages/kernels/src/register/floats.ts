import { type KernelCall, NotTaken } from './registry.js';

/** Why the call is not taken, where one of its tensors is not of float32. */
export function notFloats({ inputs }: KernelCall): NotTaken | undefined {
  const other = Object.entries(inputs).find(([, tensor]) => tensor && tensor.dtype !== 'float32');
  return other && new NotTaken(`${other[0]} of dtype ${other[1]!.dtype}, only float32`);
}
