import * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '../images/preprocess.js';
import type { Transform } from './dataset.js';

/** (x - mean) / std for each channel, on images of 0..1: a weights entry's `preprocessing` says with what. */
export const normalize =
  ({ mean, std }: Pick<Preprocessing, 'mean' | 'std'>): Transform =>
  (x) =>
    tf.div(tf.sub(x, tf.tensor1d([...mean])), tf.tensor1d([...std]));
