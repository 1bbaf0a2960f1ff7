import { serialization } from '@tensorflow/tfjs-core';
import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** A layer maps a symbolic tensor to another. `path` names it, and is its key in a PyTorch state dict. */
export type Layer = (x: SymbolicTensor, path: string) => SymbolicTensor;

/** Returns the key of a child. */
export const at = (path: string, key: string | number): string => (path ? `${path}.${key}` : `${key}`);

/** Returns true if a key, or a layer's name, is `path` or begins with it and a dot. */
export const isUnder = (path: string, key: string): boolean => key === path || key.startsWith(`${path}.`);

/** Applies a tfjs layer that has one output. */
export const apply = (layer: layers.Layer, x: SymbolicTensor | SymbolicTensor[]): SymbolicTensor =>
  layer.apply(x) as SymbolicTensor;

/** Arguments that tfjs-layers gives every layer's constructor, from a builder or a saved net. */
export interface LayerArgs {
  readonly name?: string | undefined;
  readonly trainable?: boolean | undefined;
}

/** Returns the arguments that tfjs' own constructor takes. */
export const layerArgs = ({ name, trainable }: LayerArgs) => ({
  ...(name !== undefined && { name }),
  ...(trainable !== undefined && { trainable }),
});

/** Kinds of our layers. Each class declares its own as `kind`, by which graph/ tells layers apart. */
export type OwnKind =
  | 'activation'
  | 'adaptive-avg-pool'
  | 'add'
  | 'avg-pool'
  | 'batch-norm'
  | 'conv'
  | 'dropout'
  | 'group-norm'
  | 'linear'
  | 'local-response-norm'
  | 'max-pool'
  | 'pad-channels';

/** A class of our own layers. */
export type OwnLayer<Args> = (new (
  args: Args & LayerArgs,
) => layers.Layer) &
  serialization.SerializableConstructor<layers.Layer>;

const registered = new Set<unknown>();

/**
 * Tells tfjs-layers how to rebuild our layers from a description. It is called by their use, not by an import.
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
