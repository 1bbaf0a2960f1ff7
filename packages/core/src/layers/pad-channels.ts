import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../errors.js';
import type { Layer } from './layer.js';
import { applyOwn, type LayerArgs, layerArgs } from './own.js';
import { single } from './parametric.js';

interface PadChannelsArgs {
  channels: number;
}

/** Adds channels of zeros behind the input's: [n, h, w, c] -> [n, h, w, channels]. */
export class PadChannels extends layers.Layer {
  static readonly className = 'cnnzoo.PadChannels';
  readonly args: PadChannelsArgs;

  constructor({ channels, ...rest }: PadChannelsArgs & LayerArgs) {
    super(layerArgs(rest));
    this.args = { channels };
  }

  override build(shape: Shape | Shape[]): void {
    const received = (shape as Shape).at(-1)!;
    if (received > this.args.channels)
      throw new CnnzooError(
        'SHAPE',
        `Layer '${this.name}': expected at least the ${received} channels of its input, received ${this.args.channels}.`,
      );
    super.build(shape);
  }

  override computeOutputShape(shape: Shape): Shape {
    return [...shape.slice(0, -1), this.args.channels];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = single(inputs) as tf.Tensor4D;
    const more = this.args.channels - x.shape[3];
    return tf.pad(x, [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, more],
    ]);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/** Zeros up to `channels` channels. */
export const padChannels =
  (channels: number): Layer =>
  (x, path) =>
    applyOwn(PadChannels, { name: path, channels }, x);
