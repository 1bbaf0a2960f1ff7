/**
 * ResNet, "Deep Residual Learning for Image Recognition" (https://arxiv.org/abs/1512.03385), Wide ResNet
 * (https://arxiv.org/abs/1605.07146) and ResNeXt (https://arxiv.org/abs/1611.05431). A residual block adds what it computes to its input: a block that should do
 * nothing only has to give zero, so depth stops hurting.
 *
 * As in torchvision ("v1.5"), a bottleneck strides in its 3x3 convolution; the paper strides in the first 1x1.
 */
import {
  type BuildOptions,
  batchNorm,
  conv,
  defineModel,
  globalAvgPool,
  head,
  type Layer,
  type ModelDefinition,
  maxPool,
  type ResidualOptions,
  relu,
  residual,
  seq,
  type WeightsTable,
} from '@cnnzoo/core';

export interface BlockOptions {
  /** Of the block as a whole: 2 halves height and width. */
  stride?: number;
  /** The last BatchNorm's weight begins at 0, so that the block begins as the identity (Goyal et al., 2017). */
  zeroInit?: boolean;
  /** The shortcut where the block changes resolution or channels: a 1x1 convolution and a BatchNorm unless given. */
  project?: ResidualOptions['project'];
}

export interface BottleneckOptions extends BlockOptions {
  /** The 3x3 convolution's groups: 32 or 64 in ResNeXt. */
  groups?: number;
  /** The inner channels of one group where the stage has 64: 128 in the wide variants. */
  widthPerGroup?: number;
}

const conv3x3 = (channels: number, stride = 1, groups = 1): Layer =>
  conv(channels, 3, { stride, groups, initial: 'kaiming_normal_fan_out' });
const conv1x1 = (channels: number, stride = 1): Layer =>
  conv(channels, 1, { stride, initial: 'kaiming_normal_fan_out' });
const last = (zeroInit: boolean): Layer => batchNorm({ initial: zeroInit ? 'zeros' : 'ones' });

const convolved: ResidualOptions['project'] = (channels, stride) => seq([conv1x1(channels, stride), batchNorm()]);

/** Two 3x3 convolutions: [n, h, w, c] -> [n, h / stride, w / stride, width]. */
export const basicBlock = (
  width: number,
  { stride = 1, zeroInit = false, project = convolved }: BlockOptions = {},
): Layer =>
  residual(
    {
      conv1: conv3x3(width, stride),
      bn1: batchNorm(),
      relu1: relu,
      conv2: conv3x3(width),
      bn2: last(zeroInit),
    },
    { stride, project },
  );

/** 1x1 down, 3x3, 1x1 up to four times the width: [n, h, w, c] -> [n, h / stride, w / stride, 4 width]. */
export const bottleneck = (
  width: number,
  { stride = 1, zeroInit = false, project = convolved, groups = 1, widthPerGroup = 64 }: BottleneckOptions = {},
): Layer => {
  const inner = Math.floor((width * widthPerGroup) / 64) * groups;
  return residual(
    {
      conv1: conv1x1(inner),
      bn1: batchNorm(),
      relu1: relu,
      conv2: conv3x3(inner, stride, groups),
      bn2: batchNorm(),
      relu2: relu,
      conv3: conv1x1(width * 4),
      bn3: last(zeroInit),
    },
    { stride, project },
  );
};

export interface ResNetOptions extends BuildOptions {
  /** Begin with every residual block as the identity. */
  zeroInitResidual?: boolean;
}

/** One row of the family's table. */
export interface ResNetConfig extends Pick<BottleneckOptions, 'groups' | 'widthPerGroup'> {
  block: (width: number, options: BottleneckOptions) => Layer;
  /** Blocks in each of the four stages. */
  depths: readonly [number, number, number, number];
}

/** Stem, four stages, pooling, classifier. Each stage doubles the width; all but the first halve the resolution. */
export function resnet<Names extends string>(
  name: string,
  { block, depths, ...widths }: ResNetConfig,
  weights: WeightsTable<Names>,
): ModelDefinition<ResNetOptions, Names> {
  return defineModel({
    name,
    head: 'fc',
    inputShape: [224, 224, 3],
    numClasses: 1000,
    weights,
    net: ({ numClasses, zeroInitResidual: zeroInit = false }: ResNetOptions & { numClasses: number }) => {
      const stage = (i: 0 | 1 | 2 | 3): Layer =>
        seq(
          Array.from({ length: depths[i] }, (_, j) =>
            block(64 * 2 ** i, { stride: i > 0 && j === 0 ? 2 : 1, zeroInit, ...widths }),
          ),
        );
      return seq({
        conv1: conv(64, 7, { stride: 2, initial: 'kaiming_normal_fan_out' }),
        bn1: batchNorm(),
        relu,
        maxpool: maxPool(3, 2, 1),
        layer1: stage(0),
        layer2: stage(1),
        layer3: stage(2),
        layer4: stage(3),
        avgpool: globalAvgPool,
        fc: head(numClasses),
      });
    },
  });
}
