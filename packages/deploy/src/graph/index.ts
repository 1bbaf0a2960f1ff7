export type * from './graph.js';
export { graphOf, inferenceGraph } from './inference-graph.js';
export { openShape } from './open-shape.js';
export { hasRelu, operationOf } from './text.js';
export { blockReader, type WeightSource } from './weights.js';
