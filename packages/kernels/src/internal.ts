/*
 * Insides of the package for the benchmarks and tests of this repository. They are not public and may change at any
 * time.
 */
export { Heaps } from './adapter/index.js';
export { createEngine, type Engine } from './engine/index.js';
export {
  Activation,
  type Algorithm,
  DIRECT,
  directInputGradient,
  filterGradient,
  filterGradientAlgorithm,
  forwardAlgorithm,
  forwardBy,
  type Geometry,
  inputGradientAlgorithm,
} from './ops/index.js';
export { square } from './square.js';
