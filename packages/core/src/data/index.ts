export { padAndCrop } from './augment.js';
export type { Augment, Batch, BatchOptions, Dataset } from './dataset.js';
export { type IdxArray, readIdx } from './idx.js';
export { type MnistOptions, mnist } from './mnist.js';
export { PixelsDataset, type PixelsOptions } from './pixels-dataset.js';
