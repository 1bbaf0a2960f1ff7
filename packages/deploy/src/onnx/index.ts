export { exportOnnx, type OnnxOptions } from './export-onnx.js';
export { type OnnxDtype, type OnnxFile, onnxDtypeOf, onnxFile } from './onnx-file.js';
export type { ValueInfoProto } from './onnx-schema.js';
