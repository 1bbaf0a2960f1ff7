import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../errors.js';
import { givenValue, noteCreated } from './build-scope.js';
import { type Fans, type Initial, initialValue } from './initial.js';

/** Hands tfjs-layers a tensor, made when it is asked for: a net that tfjs loads gets zeros, then the file's values. */
class Given extends tf.serialization.Serializable {
  static readonly className = 'cnnzoo.Given';

  constructor(private readonly make: () => tf.Tensor) {
    super();
  }

  fromConfigUsesCustomObjects(): boolean {
    return false;
  }

  apply(): tf.Tensor {
    return this.make();
  }

  getConfig(): tf.serialization.ConfigDict {
    return {};
  }
}

/** A layer with weights, named as in PyTorch; its own name is its path in the state dict. */
export abstract class Parametric extends layers.Layer {
  /** A weight, from the values the build was given, else freshly initialised. `shape` is tfjs' (HWIO, [in, out]). */
  protected parameter(name: string, shape: number[], initial: Initial, fans: Fans, trainable = true): LayerVariable {
    const value = () => givenValue(`${this.name}.${name}`, shape) ?? initialValue(initial, shape, fans);
    const variable = this.addWeight(name, shape, 'float32', new Given(value), undefined, trainable);
    noteCreated(variable);
    return variable;
  }

  /** Returns the layer's input, which has to be float32 [..., channels]: not every kernel of a backend looks. */
  protected fitting<T extends tf.Tensor>(inputs: tf.Tensor | tf.Tensor[], channels: number, rank?: number): T {
    const x = single(inputs);
    const { dtype, shape } = x;
    if (dtype === 'float32' && shape.at(-1) === channels && shape.length === (rank ?? shape.length)) return x as T;
    throw new CnnzooError(
      'SHAPE',
      `Layer '${this.name}' expects float32 [${rank === 4 ? 'n, h, w' : '...'}, ${channels}], received ${dtype} [${shape}].`,
    );
  }
}

/** The only input of a layer that takes one. */
export const single = <T>(inputs: T | T[]): T => (Array.isArray(inputs) ? (inputs[0] as T) : inputs);
