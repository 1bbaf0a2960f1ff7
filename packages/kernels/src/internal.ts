/*
 * Insides of the package for the benchmarks and tests of this repository. They are not public and may change at any
 * time.
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
export { square } from './square.js';
