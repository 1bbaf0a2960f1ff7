import { CnnzooError } from '../errors.js';

/** A height, width or batch size; null where it is known only at run time. */
export type Extent = number | null;

export const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

/** How many windows of `kernel` fit into `size` padded by `padding` on both sides. */
export function outputExtent(layer: string, size: Extent, kernel: number, stride: number, padding: number): Extent {
  if (size === null) return null;
  const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  if (out >= 1) return out;
  throw new CnnzooError(
    'SHAPE',
    `Layer '${layer}' has a window of ${kernel} pixels over an input of ${size} (padding ${padding}): nothing is left. ` +
      'Give the net a larger inputShape.',
  );
}
