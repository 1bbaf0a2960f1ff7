import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { canFuse, type Fused } from '../ops/index.js';

/** Ready values by state_dict key, in tfjs' layout; a build takes them instead of drawing initial ones. */
export interface GivenValues {
  /** The tensor, which is the variable's from now on; undefined where the build has to make its own. */
  take(key: string, shape: readonly number[]): Tensor | undefined;
}

interface BuildScope {
  readonly values: GivenValues | undefined;
  readonly created: LayerVariable[];
}

let current: BuildScope | undefined;

/** Builds with `values`. Where `work` throws, the variables made so far are disposed of. */
export function withBuildScope<T>(values: GivenValues | undefined, work: () => T): T {
  const outer = current;
  current = { values: values ?? outer?.values, created: [] };
  try {
    return work();
  } catch (error) {
    for (const variable of current.created) variable.dispose();
    throw error;
  } finally {
    current = outer;
  }
}

export const givenValue = (key: string, shape: readonly number[]): Tensor | undefined =>
  current?.values?.take(key, shape);

export const noteCreated = (variable: LayerVariable): void => {
  current?.created.push(variable);
};

// Loaded by every net: BatchNorm asks at each batch of a training.
let smallest = Number.POSITIVE_INFINITY;

/** Runs `work` knowing that a batch of this training will hold so few images. Synchronous. */
export function withSmallestBatch<T>(images: number, work: () => T): T {
  const outer = smallest;
  smallest = images;
  try {
    return work();
  } finally {
    smallest = outer;
  }
}

/** Number of images in the smallest batch of the training in progress; infinite outside of any. */
export const smallestBatch = (): number => smallest;

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
