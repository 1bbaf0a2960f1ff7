import { serialization } from '@tensorflow/tfjs-core';
import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** What tfjs-layers gives every layer's constructor, from a builder or a saved net. */
export interface LayerArgs {
  readonly name?: string | undefined;
  readonly trainable?: boolean | undefined;
}

/** Of a constructor's argument, what tfjs' own constructor takes. */
export const layerArgs = ({ name, trainable }: LayerArgs) => ({
  ...(name !== undefined && { name }),
  ...(trainable !== undefined && { trainable }),
});

/** A class of our own layers. */
export type OwnLayer<Args> = (new (
  args: Args & LayerArgs,
) => layers.Layer) &
  serialization.SerializableConstructor<layers.Layer>;

const registered = new Set<unknown>();

/**
 * Tells tfjs-layers how to rebuild our layers from a description. By their use, not by an import.
 * The class names are prefixed: tfjs keeps one table for all, and has a Dropout of its own.
 */
export function register(type: serialization.SerializableConstructor<layers.Layer>): void {
  if (registered.has(type)) return;
  serialization.registerClass(type);
  registered.add(type);
}

/** Applies a new layer of ours, which has one output. */
export function applyOwn<Args>(
  type: OwnLayer<Args>,
  args: Args & LayerArgs,
  x: SymbolicTensor | SymbolicTensor[],
): SymbolicTensor {
  register(type);
  return new type(args).apply(x) as SymbolicTensor;
}
