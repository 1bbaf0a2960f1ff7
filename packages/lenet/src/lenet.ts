/**
 * LeNet-5, after "Gradient-Based Learning Applied to Document Recognition" (LeCun et al., 1998), in the form that
 * textbooks teach: two convolutions, each followed by pooling, then three linear layers. The classic variant squashes
 * with sigmoids and averages; the modern one, with ReLU and max pooling, learns faster and better.
 *
 * Numbered as the layers of a PyTorch `nn.Sequential` with weights are: 0, 3, 7, 9, 11.
 */
import {
  avgPool,
  type BuildOptions,
  conv,
  defineModel,
  flatten,
  head,
  type Initial,
  type Layer,
  linear,
  type ModelDefinition,
  maxPool,
  relu,
  seq,
  sigmoid,
  type WeightsTable,
} from '@cnnzoo/core';

/** One row of the family's table. */
export interface LeNetConfig {
  activation: Layer;
  pool: (size: number) => Layer;
  initial: Initial;
}

/** Sigmoids saturate: Glorot's bound keeps their inputs small. */
export const classic: LeNetConfig = { activation: sigmoid, pool: avgPool, initial: 'xavier_uniform' };
export const modern: LeNetConfig = { activation: relu, pool: maxPool, initial: 'torch_default' };

/** Digits [n, 28, 28, 1] -> logits [n, 10]. The first convolution is padded by 2: the paper's images are 32 px. */
export function lenet<Names extends string>(
  name: string,
  { activation, pool, initial }: LeNetConfig,
  weights: WeightsTable<Names>,
): ModelDefinition<BuildOptions, Names> {
  return defineModel({
    name,
    head: '11',
    inputShape: [28, 28, 1],
    numClasses: 10,
    weights,
    net: ({ numClasses }) =>
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
      ]),
  });
}
