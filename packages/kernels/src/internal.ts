/*
 * The inside of the package, for the measurements and tests of its own repository: no part of the public interface, and
 * without a promise to stay.
 */
export { Heaps } from './adapter/index.js';
export { createEngine, type Engine } from './engine/index.js';
export {
  Activation,
  convolve,
  filterGradient,
  filterGradientAlgorithm,
  forwardAlgorithm,
  type Geometry,
  inputGradient,
  inputGradientAlgorithm,
  packedFloats,
  packedGradientFloats,
  packFilter,
  packGradientFilter,
} from './ops/index.js';
