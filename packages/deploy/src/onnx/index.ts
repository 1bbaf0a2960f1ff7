export { exportOnnx, type OnnxOptions } from './export-onnx.js';
export { type OnnxDtype, onnxFile } from './onnx-file.js';
