import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { canFuse, type Fused } from '../ops/index.js';

/** Values by state_dict key, in tfjs layout; a build takes them instead of drawing initial values. */
export interface GivenValues {
  /** Returns the tensor, which then belongs to the variable; undefined if the build has to draw initial values. */
  take(key: string, shape: readonly number[]): Tensor | undefined;
}

interface BuildScope {
  readonly values: GivenValues | undefined;
  readonly created: LayerVariable[];
}

let current: BuildScope | undefined;

/** Runs `work`, which builds a net, with `values`. If it throws, the variables made so far are disposed of. */
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

/** Runs `work`, synchronously, with `images` as the number that `smallestBatch` returns. */
export function withSmallestBatch<T>(images: number, work: () => T): T {
  const outer = smallest;
  smallest = images;
  try {
    return work();
  } finally {
    smallest = outer;
  }
}

/** Returns the number of images in the smallest batch of the training in progress; infinite outside a training. */
export const smallestBatch = (): number => smallest;

/**
 * Part of a layer in a fused run, in which one kernel computes several layers:
 * - 'relu': a BatchNorm that computes the next ReLU too;
 * - 'later': a BatchNorm that returns its input; the following layer computes both;
 * - `norm` and `input`: an Add that computes the BatchNorm `norm`, which gives its input number `input`, and the next ReLU;
 * - 'done': a ReLU that returns its input, which an earlier layer has computed.
 */
export type Fusion = 'relu' | 'later' | 'done' | { readonly norm: FusedNorm; readonly input: number };

/** Normalisation that computes the layers fused with it too. */
export interface FusedNorm {
  normalize(x: Tensor, training: boolean, fused: Fused): Tensor;
}

export type Fusions = ReadonlyMap<layers.Layer, Fusion>;

let currentFusions: Fusions | undefined;

/** Runs `run` with fused layers. If `fusions` is undefined, or the backend has no fused kernels, each layer runs by itself. */
export function withFusions<T>(fusions: Fusions | undefined, run: () => T): T {
  const outer = currentFusions;
  currentFusions = canFuse() ? fusions : undefined;
  try {
    return run();
  } finally {
    currentFusions = outer;
  }
}

export const fusionOf = (layer: layers.Layer): Fusion | undefined => currentFusions?.get(layer);
