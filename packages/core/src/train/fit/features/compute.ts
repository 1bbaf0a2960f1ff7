import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { breathe } from '#platform';
import type { BatchOptions, Dataset } from '../../../data/dataset.js';
import { checkInput } from '../../../input.js';
import type { NetPart } from '../../../layers/part.js';
import { modelOf } from '../../../net.js';

/** What a frozen part makes of a batch, and the batch's targets. */
export interface ComputedBatch {
  readonly values: Float32Array;
  /** Of one image. */
  readonly shape: readonly number[];
  readonly targets: Int32Array | Float32Array;
  readonly dtype: 'int32' | 'float32';
  /** Values of one image's targets. */
  readonly width: number;
}

/** Runs a part of a net, as in inference, over a data set, batch after batch. */
export async function* compute(
  { part, model }: { readonly part: NetPart; readonly model: LayersModel },
  data: Dataset,
  options: BatchOptions,
): AsyncGenerator<ComputedBatch, void, void> {
  const pause = async (): Promise<void> => {
    await breathe('The training', options.signal);
    modelOf(model);
  };
  for await (const { x, y } of data.batches(options)) {
    let features: tf.Tensor | undefined;
    try {
      await pause();
      checkInput('fit', model.name, model.inputs[0]!.shape, x);
      [features] = (await part.infer(x, pause)) as [tf.Tensor];
      const [values, targets] = await Promise.all([features.data(), y.data()]);
      yield {
        // The backend's own, which it may use again.
        values: (values as Float32Array).slice(),
        targets: (targets as Int32Array | Float32Array).slice(),
        shape: features.shape.slice(1),
        dtype: y.dtype as 'int32' | 'float32',
        width: y.rank === 1 ? 1 : y.shape[1]!,
      };
    } finally {
      tf.dispose([x, y, ...(features ? [features] : [])]);
    }
  }
}
