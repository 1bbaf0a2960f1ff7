export { decodeWith } from './codec.js';
export { wasmCodec } from './codecs.js';
export { decodeImage } from './decode.js';
export type { Codec } from './header.js';
export { type DecodedImage, type FrameSource, type ImageInput, type ImageOptions, toGrey } from './image.js';
export { toPixels } from './pixels.js';
export { type PreparedImages, type PreprocessOptions, prepareImages } from './prepare-images.js';
export { resize } from './resize.js';
export { checkPreprocessing, normalised, type Preprocessing, prepare } from './transform.js';
