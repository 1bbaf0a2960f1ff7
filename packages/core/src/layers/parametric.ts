import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { CnnzooError, currentRandom, numel } from '../util/index.js';
import { givenValue, noteCreated } from './scopes.js';

/**
 * Initial values, by PyTorch's names. `torch_default` is what nn.Conv2d and nn.Linear do by themselves: uniform in
 * ±1/sqrt(fan_in), for weight and bias alike (kaiming_uniform_ with a = sqrt(5)). `kaiming_normal_fan_out` has
 * standard deviation sqrt(2 / fan_out) (He et al., https://arxiv.org/abs/1502.01852), `xavier_uniform` the bound
 * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010), `normal_0.01` that standard deviation.
 */
export type Initial = 'torch_default' | 'kaiming_normal_fan_out' | 'xavier_uniform' | 'normal_0.01' | 'zeros' | 'ones';

/** The number of terms summed into one output, and the number of outputs one input reaches. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** Draws initial values from the run's generator. */
export function initialValue(initial: Initial, shape: number[], { fanIn, fanOut }: Fans): tf.Tensor {
  if (initial === 'zeros') return tf.zeros(shape);
  if (initial === 'ones') return tf.ones(shape);
  const values = new Float32Array(numel(shape));
  const random = currentRandom();
  if (initial === 'torch_default') random.fillUniform(values, -1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn));
  else if (initial === 'kaiming_normal_fan_out') random.fillNormal(values, 0, Math.sqrt(2 / fanOut));
  else if (initial === 'normal_0.01') random.fillNormal(values, 0, 0.01);
  else random.fillUniform(values, -Math.sqrt(6 / (fanIn + fanOut)), Math.sqrt(6 / (fanIn + fanOut)));
  return tf.tensor(values, shape, 'float32');
}

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
