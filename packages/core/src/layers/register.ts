import { serialization } from '@tensorflow/tfjs-core';
import { BatchNorm } from './batch-norm.js';
import { Conv2d } from './conv.js';
import { Dropout } from './dropout.js';
import { Linear } from './linear.js';
import { AvgPool2d, MaxPool2d } from './pool.js';

let registered = false;

/**
 * Tells tfjs-layers how to rebuild our layers from a saved net. Called by builders and `load`, not by an import.
 * The class names are prefixed: tfjs keeps one table for all, and has a Dropout of its own.
 */
export function registerLayers(): void {
  if (registered) return;
  for (const layer of [AvgPool2d, BatchNorm, Conv2d, Dropout, Linear, MaxPool2d]) serialization.registerClass(layer);
  registered = true;
}
