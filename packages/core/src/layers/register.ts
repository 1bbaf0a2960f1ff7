import { Activation } from './activation.js';
import { BatchNorm } from './batch-norm.js';
import { Add } from './combinators.js';
import { Conv2d } from './conv.js';
import { Dropout } from './dropout.js';
import { GroupNorm } from './group-norm.js';
import { register } from './layer.js';
import { Linear } from './linear.js';
import { LocalResponseNorm } from './local-response-norm.js';
import { PadChannels } from './pad-channels.js';
import { AdaptiveAvgPool2d, AvgPool2d, MaxPool2d } from './pool.js';

const LAYERS = [
  Activation,
  Add,
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm,
  Conv2d,
  Dropout,
  GroupNorm,
  Linear,
  LocalResponseNorm,
  MaxPool2d,
  PadChannels,
];

/**
 * Tells tfjs every layer of cnnzoo, so that `tf.loadLayersModel` and `tf.models.modelFromJSON` can build nets that have them.
 * `load` and the builders do it by themselves.
 *
 * @example
 * ```ts
 * import { registerLayers } from '@cnnzoo/core';
 * import { loadLayersModel } from '@tensorflow/tfjs-layers';
 *
 * registerLayers();
 * const model = await loadLayersModel('https://example.com/model.json');
 * ```
 */
export const registerLayers = (): void => LAYERS.forEach(register);
