import * as tf from '@tensorflow/tfjs-core';
import { currentRandom } from '../random-scope.js';
import { numel } from '../shape.js';

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
