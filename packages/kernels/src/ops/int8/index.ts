/*
 * Quantized layers over an engine's memory: dispatches, which the caller runs by `engine.dispatch`, on blocks that the
 * caller allocated. docs/decisions/0048-integers.md has the formats and what was measured.
 */
export { directInt8, type Int8Algorithm, int8Algorithm, winogradInt8 } from './algorithms.js';
export type { Int8Convolution } from './convolution.js';
export { dequantizeMap, type Int8Sum, int8Add, int8Copy, quantizeMap } from './elementwise.js';
export {
  columnFloats,
  type Dequantization,
  type Epilogue,
  putColumns,
  type Requantization,
  type ResidualSum,
} from './epilogue.js';
export type { Dispatch, Float32Map, Int16Map } from './map.js';
export { type Int8Average, int8AveragePool, int8MaxPool } from './pool.js';
export { takesInt8Winograd } from './winograd.js';
