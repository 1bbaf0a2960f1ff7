import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { weightCheck } from '../backend/index.js';
import { CnnzooError, currentRandom, isTypedArray, numel, type Random } from '../util/index.js';
import { unexpected } from './check-numbers.js';
import { givenValue, noteCreated } from './scopes.js';

/** Number of terms summed into one output, and number of outputs that one input reaches. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/**
 * Initial values by name. `torch_default` is the default of nn.Conv2d and nn.Linear: uniform in
 * ±1/sqrt(fan_in), for weight and bias alike (kaiming_uniform_ with a = sqrt(5)). `kaiming_normal_fan_out` has
 * standard deviation sqrt(2 / fan_out) (He et al., https://arxiv.org/abs/1502.01852), `xavier_uniform` the bound
 * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010), `normal_0.01` that standard deviation.
 */
export type InitialName =
  | 'torch_default'
  | 'kaiming_normal_fan_out'
  | 'xavier_uniform'
  | 'normal_0.01'
  | 'zeros'
  | 'ones';

/**
 * Initial values of your own.
 *
 * @param shape of the weight in tfjs layout: [height, width, in / groups, out] of a convolution, [in, out] of a linear
 * layer, [out] of a bias.
 * @param random the run's generator: values drawn from it repeat with the seed.
 * @returns finite values, as many as the shape holds, the last axis varying fastest.
 */
export type InitialFunction = (shape: readonly number[], fans: Fans, random: Random) => Float32Array;

/** Initial values: one of PyTorch's rules by name, or a function. A saved net has its values, so no function is saved. */
export type Initial = InitialName | InitialFunction;

type Fill = (values: Float32Array, fans: Fans) => void;

const uniform = (values: Float32Array, bound: number) => currentRandom().fillUniform(values, -bound, bound);
const normal = (values: Float32Array, deviation: number) => currentRandom().fillNormal(values, 0, deviation);

const FILLS: Readonly<Record<InitialName, Fill>> = {
  torch_default: (values, { fanIn }) => uniform(values, 1 / Math.sqrt(fanIn)),
  kaiming_normal_fan_out: (values, { fanOut }) => normal(values, Math.sqrt(2 / fanOut)),
  xavier_uniform: (values, { fanIn, fanOut }) => uniform(values, Math.sqrt(6 / (fanIn + fanOut))),
  'normal_0.01': (values) => normal(values, 0.01),
  zeros: () => {},
  ones: (values) => values.fill(1),
};

/**
 * Refuses an initial value that is neither a function nor the name of a rule.
 *
 * @throws CnnzooError INPUT, with the list of names.
 */
export function checkInitial(layer: string, initials: Readonly<Record<string, unknown>>): void {
  for (const [option, initial] of Object.entries(initials)) {
    if (typeof initial === 'function' || Object.hasOwn(FILLS, initial as string)) continue;
    throw unexpected(layer, `a function or one of '${Object.keys(FILLS).join("', '")}'`, option, initial);
  }
}

/** Returns the name of a rule as it is written here: `tf.loadLayersModel` makes 'torchDefault' of 'torch_default'. */
export function initialOf(written: Initial): Initial {
  if (typeof written !== 'string') return written;
  const letters = (name: string): string => name.replaceAll('_', '').toLowerCase();
  return (Object.keys(FILLS) as InitialName[]).find((name) => letters(name) === letters(written)) ?? written;
}

/** Name for a description of the layer: a function has none, so PyTorch's default stands in its place. */
export const nameOf = (initial: Initial): InitialName => (typeof initial === 'function' ? 'torch_default' : initial);

/**
 * Draws initial values from the run's generator.
 *
 * @param key of the weight in the state dict.
 * @throws CnnzooError INPUT for values of a function that don't fit the shape.
 */
function initialValue(key: string, initial: Initial, shape: number[], fans: Fans): tf.Tensor {
  let values = new Float32Array(numel(shape));
  if (typeof initial === 'function') values = ownValues(key, initial(shape, fans, currentRandom()), shape);
  else FILLS[initial](values, fans);
  return tf.tensor(values, shape, 'float32');
}

function ownValues(key: string, values: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const expected = `${key}: expected ${numel(shape)} finite values (shape [${shape}]) in a Float32Array from initial`;
  if (!isTypedArray(values, 'Float32Array'))
    throw new CnnzooError('INPUT', `${expected}, received ${Array.isArray(values) ? 'an array' : typeof values}.`);
  if (values.length !== numel(shape)) throw new CnnzooError('INPUT', `${expected}, received ${values.length} values.`);
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new CnnzooError('INPUT', `${expected}, received ${wrong} among them.`);
  // A copy: the function may use its array again.
  return Float32Array.from(values);
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
  /** Creates a weight: from the build's given values, else freshly initialised. `shape` is in tfjs layout (HWIO, [in, out]). */
  protected parameter(name: string, shape: number[], initial: Initial, fans: Fans, trainable = true): LayerVariable {
    const key = `${this.name}.${name}`;
    weightCheck.current?.(key, shape);
    const value = () => givenValue(key, shape) ?? initialValue(key, initial, shape, fans);
    const variable = this.addWeight(name, shape, 'float32', new Given(value), undefined, trainable);
    noteCreated(variable);
    return variable;
  }

  /** Returns the layer's input after a check that it is float32 [..., channels], which not every kernel makes. */
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

/** Returns the only input of a layer that takes one. */
export const single = <T>(inputs: T | T[]): T => (Array.isArray(inputs) ? (inputs[0] as T) : inputs);
