export type * from './graph.js';
export { graphOf, inferenceGraph } from './inference-graph.js';
export { openShape } from './open-shape.js';
export {
  isIntegerNode,
  isQuantized,
  type NetOrQuantized,
  quantizeBias,
  quantizeWeight,
  roundEven,
  sumScales,
} from './quantized.js';
export { hasRelu, operationOf, textOf } from './text.js';
export { blockReader, type WeightSource } from './weights.js';
