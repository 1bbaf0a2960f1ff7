import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';

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
