import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { CnnzooError, checkOptions } from '../util/index.js';
import { COUNT, COUNT_OR_NONE, checkNumbers } from './check-numbers.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { single } from './parametric.js';

/** Options of `padChannels`. */
export interface PadChannelsOptions {
  /** Number of zeros before the input's channels; the others come after. Default: 0. */
  before?: number;
}

interface PadChannelsArgs extends PadChannelsOptions {
  channels: number;
}

const RANGES = { channels: COUNT, before: COUNT_OR_NONE };

/**
 * Adds channels of zeros before and after the input's: [n, h, w, c] -> [n, h, w, channels].
 *
 * @example
 * ```ts
 * import { buildModel, PadChannels, padChannels, seq } from '@cnnzoo/core';
 *
 * const model = buildModel('own', seq([padChannels(16)]), [32, 32, 3]);
 * const padding = model.layers.find((layer) => layer instanceof PadChannels);
 * ```
 */
export class PadChannels extends layers.Layer {
  static readonly className = 'cnnzoo.PadChannels';
  readonly kind = 'pad-channels' satisfies OwnKind;
  readonly args: Required<PadChannelsArgs>;

  constructor({ channels, before = 0, ...rest }: PadChannelsArgs & LayerArgs) {
    super(layerArgs(rest));
    this.args = { channels, before };
    checkNumbers(this.name, this.args, RANGES);
  }

  override build(shape: Shape | Shape[]): void {
    const received = (shape as Shape).at(-1)!;
    const { channels, before } = this.args;
    if (received > channels)
      throw new CnnzooError(
        'SHAPE',
        `Layer '${this.name}': expected at least the ${received} channels of its input, received ${channels}.`,
      );
    if (before > channels - received)
      throw new CnnzooError(
        'SHAPE',
        `Layer '${this.name}': expected before as at most the ${channels - received} channels of zeros, received ${before}.`,
      );
    super.build(shape);
  }

  override computeOutputShape(shape: Shape): Shape {
    return [...shape.slice(0, -1), this.args.channels];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = single(inputs) as tf.Tensor4D;
    const { channels, before } = this.args;
    return tf.pad(x, [
      [0, 0],
      [0, 0],
      [0, 0],
      [before, channels - x.shape[3] - before],
    ]);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/**
 * Adds channels of zeros, so that the output has `channels` in all: [n, h, w, c] -> [n, h, w, channels].
 *
 * @throws CnnzooError INPUT for numbers out of range.
 * @example
 * ```ts
 * import { avgPool, padChannels, seq } from '@cnnzoo/core';
 *
 * // The shortcut without parameters from 16 to 32 channels: https://arxiv.org/abs/1512.03385, option A.
 * const shortcut = seq([avgPool(1, 2), padChannels(32, { before: 8 })]);
 * ```
 */
export function padChannels(channels: number, options: PadChannelsOptions = {}): Layer {
  checkOptions('padChannels', options, ['before']);
  const { before = 0 } = options;
  checkNumbers('padChannels', { channels, before }, RANGES);
  return (x, path) => applyOwn(PadChannels, { name: path, channels, before }, x);
}
