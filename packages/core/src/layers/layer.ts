import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** A layer maps a symbolic tensor to another. `path` names it, and is its key in a PyTorch state dict. */
export type Layer = (x: SymbolicTensor, path: string) => SymbolicTensor;

/** The key of a child. */
export const at = (path: string, key: string | number): string => (path ? `${path}.${key}` : `${key}`);

/** Whether a key, or a layer's name, is the path or lies under it. */
export const isUnder = (path: string, key: string): boolean => key === path || key.startsWith(`${path}.`);

/** Applies a tfjs layer that has one output. */
export const apply = (layer: layers.Layer, x: SymbolicTensor | SymbolicTensor[]): SymbolicTensor =>
  layer.apply(x) as SymbolicTensor;
