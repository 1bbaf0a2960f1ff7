export { padAndCrop } from './augment.js';
export type { Augment, Batch, BatchOptions, Dataset, ImageShape, Pixels } from './dataset.js';
export { type FromTensorsOptions, fromTensors } from './from-tensors.js';
export { type IdxArray, type IdxData, readIdx } from './idx.js';
export { type MnistFiles, type MnistOptions, mnist } from './mnist.js';
export { PixelsDataset, type PixelsOptions } from './pixels-dataset.js';
