export type * from './graph.js';
export { graphOf, inferenceGraph, netModelOf } from './inference-graph.js';
export { openShape } from './open-shape.js';
export {
  isGraph,
  isIntegerNode,
  isQuantized,
  movesValues,
  type NetOrQuantized,
  quantizeBias,
  quantizeWeight,
  roundEven,
  sumScales,
} from './quantized.js';
export { hasRelu, operationOf, textOf } from './text.js';
export { blockReader, type WeightSource } from './weights.js';
