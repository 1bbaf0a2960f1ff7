export { graphSvg } from './drawing/index.js';
export type {
  ActivationNode,
  AdaptivePoolNode,
  BinaryNode,
  ConcatNode,
  ConvNode,
  Extent,
  FlattenNode,
  GlobalPoolNode,
  GraphActivation,
  GraphFacts,
  GraphNode,
  GraphQuantization,
  GraphValue,
  GraphWeight,
  GraphWindow,
  GroupNormNode,
  InferenceGraph,
  LinearNode,
  LocalResponseNormNode,
  NetOrQuantized,
  Padding,
  PadNode,
  PoolNode,
  Quantization,
  QuantizedGraph,
  ReadBlock,
  ReshapeNode,
  ScaleNode,
  TransposeNode,
  UpsampleNode,
} from './graph/index.js';
export { inferenceGraph } from './graph/index.js';
export {
  type GraphDtype,
  type GraphSource,
  type ReadGraphOptions,
  readGraph,
  type SaveGraphOptions,
  saveGraph,
  saveQuantized,
} from './graph-file/index.js';
export { exportGraphModel, type GraphModelDtype, type GraphModelOptions } from './graph-model/index.js';
export { exportOnnx, type OnnxDtype, type OnnxOptions } from './onnx/index.js';
export {
  type Calibration,
  type FloatLayer,
  type ImageValues,
  type LayerError,
  type Quantized,
  type QuantizeImages,
  type QuantizeOptions,
  type QuantizeProgress,
  type QuantizeReport,
  quantize,
} from './quantize/index.js';
export {
  type BatchShape,
  createSession,
  type EngineName,
  Session,
  type SessionDtype,
  type SessionFacts,
  type SessionOptions,
  type SessionTimes,
} from './session/index.js';
export { exportTriton, type TritonOptions } from './triton/index.js';
