export type { Augment, AugmentRecipe, PixelImage, Pixels, Range } from './data/augment/index.js';
export {
  type ColorJitterOptions,
  colorJitter,
  compose,
  horizontalFlip,
  padAndCrop,
  pcaLighting,
  type RandomErasingOptions,
  type RandomResizedCropOptions,
  randomErasing,
  randomResizedCrop,
  rotation,
  trivialAugmentWide,
  verticalFlip,
} from './data/augment/index.js';
export { CIFAR10 } from './data/index.js';
export type { Batch, BatchOptions, Dataset, FilesDataset, ImageShape, LabelledFile } from './data/late.js';
export {
  type CifarOptions,
  type CorruptFile,
  cifar10,
  cifar100,
  FASHION_MNIST,
  type FromTensorsOptions,
  fromTensors,
  type IdxArray,
  type IdxData,
  type ImageFolder,
  type ImageFolderOptions,
  imageFolder,
  type MnistFiles,
  type MnistOptions,
  mnist,
  PixelsDataset,
  type PixelsOptions,
  readIdx,
} from './data/late.js';
