import { compileModel, type WeightsSnapshot } from '@cnnzoo/core/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { BatchShape, Engine } from './engine.js';

/** A compiled net on the backend in use, with the weights of the moment when it was made. */
export class TfjsEngine implements Engine {
  readonly name = 'tfjs';

  private constructor(private readonly model: LayersModel) {}

  static async create(model: LayersModel, weights: WeightsSnapshot): Promise<TfjsEngine> {
    return new TfjsEngine(await compileModel(model, weights));
  }

  async run(batch: Float32Array, shape: BatchShape): Promise<Float32Array[]> {
    const outputs = tf.tidy(() =>
      [this.model.predict(tf.tensor4d(batch, [...shape])) as tf.Tensor | tf.Tensor[]].flat(),
    );
    try {
      return await Promise.all(outputs.map((output) => output.data<'float32'>()));
    } finally {
      tf.dispose(outputs);
    }
  }

  async dispose(): Promise<void> {
    this.model.dispose();
  }
}
