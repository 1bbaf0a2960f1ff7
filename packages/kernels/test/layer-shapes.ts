import type { Geometry } from '../src/ops/geometry.js';
import { square } from '../src/square.js';

/** Kinds of convolution in ResNet-18, ResNet-50 and VGG-16 at 224 px. */
export const layerShapes: Readonly<Record<string, Geometry>> = {
  'stem 7x7': square(8, 224, 3, 64, 7, 2),
  'ResNet 3x3, 64': square(2, 56, 64, 64, 3),
  'ResNet 3x3, 64 to 128, stride 2': square(2, 56, 64, 128, 3, 2),
  'ResNet 3x3, 128': square(2, 28, 128, 128, 3),
  'ResNet 3x3, 256': square(2, 14, 256, 256, 3),
  'ResNet 3x3, 512': square(8, 7, 512, 512, 3),
  'ResNet 1x1, 64 to 128, stride 2': square(2, 56, 64, 128, 1, 2),
  'ResNet 1x1, 64 to 256': square(2, 56, 64, 256, 1),
  'ResNet 1x1, 1024 to 256': square(2, 14, 1024, 256, 1),
  'ResNet 1x1, 2048 to 512': square(2, 7, 2048, 512, 1),
  'VGG 3x3, 3 to 64': square(1, 224, 3, 64, 3),
  'VGG 3x3, 64': square(1, 224, 64, 64, 3),
  'VGG 3x3, 256 to 512': square(1, 28, 256, 512, 3),
  'VGG 3x3, 512': square(1, 14, 512, 512, 3),
};
