import type { Tensor } from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import { canFuse, type Fused } from '../ops/index.js';

/**
 * What a layer does in a run where one kernel computes several of them:
 * - 'relu': a BatchNorm that does the ReLU's work too;
 * - 'later': a BatchNorm that passes its input on, for the layer behind it does its work;
 * - an Add that does the work of the BatchNorm `norm`, its input `input`, and of the ReLU;
 * - 'done': a ReLU whose work was done.
 */
export type Joint = 'relu' | 'later' | 'done' | { readonly norm: FusedNorm; readonly input: number };

/** A normalisation that can do the work of its next layers. */
export interface FusedNorm {
  normalize(x: Tensor, training: boolean, fused: Fused): Tensor;
}

export type Joints = ReadonlyMap<layers.Layer, Joint>;

let currentJoints: Joints | undefined;

/** Lets layers work together while `run` runs; `undefined`: each by itself, as where the backend has no such kernels. */
export function withJoints<T>(joints: Joints | undefined, run: () => T): T {
  const outer = currentJoints;
  currentJoints = canFuse() ? joints : undefined;
  try {
    return run();
  } finally {
    currentJoints = outer;
  }
}

export const jointOf = (layer: layers.Layer): Joint | undefined => currentJoints?.get(layer);
