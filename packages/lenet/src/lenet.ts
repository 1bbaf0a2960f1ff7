/**
 * LeNet-5, after "Gradient-Based Learning Applied to Document Recognition" (LeCun et al., 1998), in the form that
 * textbooks teach: two convolutions, each followed by pooling, then three linear layers. The classic variant squashes
 * with sigmoids and averages; the modern one, with ReLU and max pooling, learns faster and better.
 *
 * Numbered as the layers of a PyTorch `nn.Sequential` with weights are: 0, 3, 7, 9, 11.
 */
import { conv, flatten, head, type Initial, type Layer, linear, type NetOptions, seq } from '@cnnzoo/core/family';

/** Choices that LeNet's variants differ in. */
export interface LeNetConfig {
  activation: Layer;
  pool: (size: number) => Layer;
  initial: Initial;
}

/**
 * Digits [n, 28, 28, 1] -> logits [n, 10]. The first convolution is padded by 2: the paper's images are 32 px.
 *
 * @example
 * ```ts
 * import { buildModel, maxPool, relu } from '@cnnzoo/core';
 * import { lenet } from '@cnnzoo/lenet';
 *
 * const net = lenet({ activation: relu, pool: maxPool, initial: 'torch_default' });
 * buildModel('own', net({ numClasses: 26 }), [28, 28, 1]);
 * ```
 */
export const lenet =
  ({ activation, pool, initial }: LeNetConfig) =>
  ({ numClasses }: NetOptions): Layer =>
    seq([
      conv(6, 5, { padding: 2, initial }),
      activation,
      pool(2),
      conv(16, 5, { initial }),
      activation,
      pool(2),
      flatten,
      linear(120, { initial }),
      activation,
      linear(84, { initial }),
      activation,
      head(numClasses, (classes) => linear(classes, { initial })),
    ]);
