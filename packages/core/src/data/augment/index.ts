export { type Augment, type AugmentRecipe, compose, type PixelImage, type Pixels, type Range } from './augment.js';
export { type ColorJitterOptions, colorJitter, pcaLighting } from './colour.js';
export { fromRecipe } from './from-recipe.js';
export {
  horizontalFlip,
  padAndCrop,
  type RandomResizedCropOptions,
  randomResizedCrop,
  rotation,
  verticalFlip,
} from './geometry.js';
export { type RandomErasingOptions, randomErasing } from './random-erasing.js';
export { trivialAugmentWide } from './trivial-augment-wide.js';
