import {
  adaptiveAvgPool,
  avgPool,
  defineModel,
  identity,
  linear,
  localResponseNorm,
  type Weights,
} from '@cnnzoo/core/family';
import { type GoogLeNetConfig, googLeNet } from './googlenet.js';
import { biased, normed } from './inception.js';
import * as weights from './weights.js';

const variant = <Names extends string>(name: string, config: GoogLeNetConfig, weights: Weights<Names>) =>
  defineModel({
    name,
    net: googLeNet(config),
    head: 'fc',
    auxiliaryHeads: ['aux1.fc2', 'aux2.fc2'],
    inputShape: [224, 224, 3],
    numClasses: 1000,
    weights,
  });

/** torchvision's form: BatchNorm everywhere, and a 3x3 convolution where the paper has 5x5. */
export const googlenet = /* @__PURE__ */ variant(
  'googlenet',
  {
    unit: normed,
    wideKernel: 3,
    norm: identity,
    maxpool4: 2,
    dropout: 0.2,
    auxPool: /* @__PURE__ */ adaptiveAvgPool(4),
    linear: (units) => linear(units, { initial: 'normal_0.01' }),
  },
  weights.googlenet,
);

/** The paper's form: biases, local response normalisation with Caffe's numbers, 5x5 convolutions. */
export const googlenet_paper = /* @__PURE__ */ variant(
  'googlenet_paper',
  {
    unit: biased,
    wideKernel: 5,
    norm: /* @__PURE__ */ localResponseNorm(5),
    maxpool4: 3,
    dropout: 0.4,
    auxPool: /* @__PURE__ */ avgPool(5, 3),
    linear: (units) => linear(units, { initial: 'xavier_uniform', biasInitial: 'zeros' }),
  },
  weights.googlenet_paper,
);

/** Every variant by name; `googlenet` is torchvision's. */
export const models = { googlenet, googlenet_paper } as const;
