export { type CifarOptions, cifar10, cifar100 } from './cifar.js';
export {
  type Batch,
  type BatchOptions,
  batchesOf,
  type Dataset,
  drawEpochSeed,
  hashBytes,
  type ImageShape,
  imageRandom,
  type Targets,
  throwIfReadingStopped,
} from './dataset.js';
export type { FilesDataset, LabelledFile } from './files-dataset.js';
export { type FolderFiles, folderFiles } from './folder-files.js';
export { type CorruptFile, type ImageFolder, type ImageFolderOptions, imageFolder } from './image-folder.js';
export {
  FASHION_MNIST,
  type IdxArray,
  type IdxData,
  type MnistFiles,
  type MnistOptions,
  mnist,
  readIdx,
} from './mnist.js';
export { type FromTensorsOptions, fromTensors, PixelsDataset, type PixelsOptions } from './pixels-dataset.js';
