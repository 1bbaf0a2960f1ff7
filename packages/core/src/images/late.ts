// Door without TensorFlow.js, for pages whose net lives in a worker; index.ts brings it along.
export {
  drawablePixels,
  elementBitmap,
  imageDataPixels,
  isDrawable,
  isFrame,
  isImageData,
  notAnImage,
  refusedPicture,
} from './drawable.js';
export { watch } from './frames.js';
