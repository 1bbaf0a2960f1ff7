import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../errors.js';
import { jointOf } from './join-scope.js';
import { type LayerArgs, layerArgs } from './own.js';

/** The sum of two maps of one shape. */
export class Add extends layers.Layer {
  static readonly className = 'cnnzoo.Add';

  constructor(args: LayerArgs = {}) {
    super(layerArgs(args));
  }

  override computeOutputShape(shapes: Shape | Shape[]): Shape {
    const [a, b] = shapes as [Shape, Shape];
    const fits = a.length === b.length && a.every((extent, i) => extent === null || b[i] === null || extent === b[i]);
    if (!fits)
      throw new CnnzooError(
        'SHAPE',
        `Layer '${this.name}' adds maps of one shape, received [${a.slice(1)}] and [${b.slice(1)}].`,
      );
    return a.map((extent, i) => extent ?? b[i]!);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training = false }: { training?: boolean }): tf.Tensor {
    const [a, b] = inputs as [tf.Tensor, tf.Tensor];
    this.computeOutputShape([a.shape, b.shape]);
    const joint = jointOf(this);
    if (typeof joint !== 'object') return tf.add(a, b);
    const [x, residual] = joint.input === 0 ? [a, b] : [b, a];
    return joint.norm.normalize(x, training, { residual, relu: true });
  }
}
