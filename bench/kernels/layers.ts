/** Kinds of convolution in ResNet-18, ResNet-50 and VGG-16 at 224 px, and their number in each net. */
import { type Geometry, square } from '@cnnzoo/kernels/internal';

export interface Layer {
  readonly name: string;
  readonly geometry: Geometry;
}

const layer =
  (size: number, inChannels: number, outChannels: number, kernel: number, stride = 1) =>
  (images: number): Layer => ({
    name: `${kernel}x${kernel}${stride > 1 ? `/${stride}` : ''} ${size} px, ${inChannels} -> ${outChannels}`,
    geometry: square(images, size, inChannels, outChannels, kernel, stride),
  });

const RESNET_18 = [
  layer(224, 3, 64, 7, 2),
  layer(56, 64, 64, 3),
  layer(56, 64, 128, 3, 2),
  layer(56, 64, 128, 1, 2),
  layer(28, 128, 128, 3),
  layer(28, 128, 256, 3, 2),
  layer(14, 256, 256, 3),
  layer(14, 256, 512, 3, 2),
  layer(7, 512, 512, 3),
];

const RESNET_50 = [
  layer(56, 64, 64, 1),
  layer(56, 64, 256, 1),
  layer(56, 256, 64, 1),
  layer(56, 128, 128, 3, 2),
  layer(28, 128, 512, 1),
  layer(28, 512, 128, 1),
  layer(14, 256, 1024, 1),
  layer(14, 1024, 256, 1),
  layer(7, 512, 2048, 1),
  layer(7, 2048, 512, 1),
];

const VGG_16 = [
  layer(224, 3, 64, 3),
  layer(224, 64, 64, 3),
  layer(112, 64, 128, 3),
  layer(112, 128, 128, 3),
  layer(56, 256, 256, 3),
  layer(28, 512, 512, 3),
  layer(14, 512, 512, 3),
];

/** Layers of ResNet-20 for CIFAR-10, of few channels. */
export const RESNET_20 = [
  layer(32, 3, 16, 3),
  layer(32, 16, 16, 3),
  layer(32, 16, 32, 3, 2),
  layer(16, 32, 32, 3),
  layer(16, 32, 64, 3, 2),
  layer(8, 64, 64, 3),
];

/** Returns the layers of each net for a number of images. */
export const nets = { resnet18: RESNET_18, resnet50: RESNET_50, vgg16: VGG_16 } as const;
