/**
 * ResNet's residual blocks (https://arxiv.org/abs/1512.03385). A block adds its result to its input: a block that should
 * change nothing only has to give zero, so that more depth does no harm.
 * As in torchvision ("v1.5"), a bottleneck strides in its 3x3 convolution; the paper strides in the first 1x1.
 */
import { batchNorm, conv, type Layer, type Norm, type ResidualOptions, relu, residual, seq } from '@cnnzoo/core/family';
import { checkNorm, lastNorm } from './checks.js';

/** Options of `basicBlock`. */
export interface BasicBlockOptions {
  /** Stride of the block as a whole: 2 halves height and width. Default: 1. */
  stride?: number;
  /** Makes the norm after each convolution. Default: `batchNorm`. */
  norm?: Norm;
  /** Layer after each norm, but the last, and after the addition. Default: `relu`. */
  activation?: Layer;
  /** Starts the last norm's weight at 0, so that the block starts as the identity (Goyal et al., 2017). Default: false. */
  zeroInit?: boolean;
  /** Makes the shortcut of a block that changes resolution or channels. Default: a 1x1 convolution and a norm. */
  project?: ResidualOptions['project'];
}

/** Options of `bottleneck`. */
export interface BottleneckOptions extends BasicBlockOptions {
  /** Groups of the 3x3 convolution: 32 or 64 in ResNeXt. Default: 1. */
  groups?: number;
  /** Inner channels of one group where the stage has 64: 128 in the wide variants. Default: 64. */
  widthPerGroup?: number;
}

/** Initial values of ResNet's convolutions (He et al., https://arxiv.org/abs/1502.01852). */
export const initial = 'kaiming_normal_fan_out';
const conv3x3 = (channels: number, stride = 1, groups = 1): Layer =>
  conv(channels, 3, { stride, padding: 1, groups, bias: false, initial });
const conv1x1 = (channels: number, stride = 1): Layer => conv(channels, 1, { stride, bias: false, initial });

const projection =
  (norm: Norm): ResidualOptions['project'] =>
  (channels, stride) =>
    seq([conv1x1(channels, stride), norm()]);

/**
 * Residual block of two 3x3 convolutions: [n, h, w, c] -> [n, h / stride, w / stride, width].
 *
 * @example
 * ```ts
 * import { basicBlock } from '@cnnzoo/resnet';
 *
 * const block = basicBlock(128, { stride: 2 }); // [n, 56, 56, 64] -> [n, 28, 28, 128]
 * ```
 */
export function basicBlock(width: number, options: BasicBlockOptions = {}): Layer {
  const { stride = 1, norm = batchNorm, activation = relu, zeroInit = false, project = projection(norm) } = options;
  checkNorm(norm);
  return residual(
    {
      conv1: conv3x3(width, stride),
      bn1: norm(),
      relu1: activation,
      conv2: conv3x3(width),
      bn2: lastNorm(norm, zeroInit),
    },
    { stride, project, activation },
  );
}

/**
 * Residual block of a 1x1 convolution to the inner width, a 3x3 one, and a 1x1 one to four times `width`:
 * [n, h, w, c] -> [n, h / stride, w / stride, 4 width].
 *
 * @example
 * ```ts
 * import { bottleneck } from '@cnnzoo/resnet';
 *
 * const block = bottleneck(128, { stride: 2, groups: 32, widthPerGroup: 4 }); // [n, 56, 56, 256] -> [n, 28, 28, 512]
 * ```
 */
export function bottleneck(width: number, options: BottleneckOptions = {}): Layer {
  const { stride = 1, norm = batchNorm, activation = relu, zeroInit = false, project = projection(norm) } = options;
  checkNorm(norm);
  const { groups = 1, widthPerGroup = 64 } = options;
  const inner = Math.floor((width * widthPerGroup) / 64) * groups;
  return residual(
    {
      conv1: conv1x1(inner),
      bn1: norm(),
      relu1: activation,
      conv2: conv3x3(inner, stride, groups),
      bn2: norm(),
      relu2: activation,
      conv3: conv1x1(width * 4),
      bn3: lastNorm(norm, zeroInit),
    },
    { stride, project, activation },
  );
}
