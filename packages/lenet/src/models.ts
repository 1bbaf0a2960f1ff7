import { avgPool, defineModel, maxPool, relu, sigmoid, type Weights } from '@cnnzoo/core/family';
import { type LeNetConfig, lenet } from './lenet.js';
import * as weights from './weights.js';

const variant = <Names extends string>(name: string, config: LeNetConfig, weights: Weights<Names>) =>
  defineModel({ name, net: lenet(config), head: '11', inputShape: [28, 28, 1], numClasses: 10, weights });

/** LeNet-5 with sigmoids, which saturate: Glorot's bound keeps their inputs small. */
export const lenet5 = /* @__PURE__ */ variant(
  'lenet5',
  { activation: sigmoid, pool: avgPool, initial: 'xavier_uniform' },
  weights.lenet5,
);

/** LeNet-5 with ReLU and max pooling. */
export const lenet5_relu = /* @__PURE__ */ variant(
  'lenet5_relu',
  { activation: relu, pool: maxPool, initial: 'torch_default' },
  weights.lenet5_relu,
);

/** Every variant by name. */
export const models = { lenet5, lenet5_relu } as const;
