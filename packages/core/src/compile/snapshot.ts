import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { weightsOf } from '../graph/index.js';

/** Weights of a net as they are at one moment. Owns tensors, which copy nothing. */
export class WeightsSnapshot {
  private readonly tensors: ReadonlyMap<LayerVariable, tf.Tensor>;

  constructor(model: LayersModel) {
    // Kept, because a caller's tidy may end before the values are read.
    this.tensors = new Map(weightsOf(model).map(({ variable }) => [variable, tf.keep(tf.clone(variable.read()))]));
  }

  /** Returns a tensor that shares the snapshot's memory. The caller disposes of it. */
  clone(variable: LayerVariable): tf.Tensor {
    return tf.clone(this.tensors.get(variable)!);
  }

  async read(variable: LayerVariable): Promise<Float32Array> {
    return (await this.tensors.get(variable)!.data()) as Float32Array;
  }

  dispose(): void {
    tf.dispose([...this.tensors.values()]);
  }
}
