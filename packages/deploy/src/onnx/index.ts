export { exportOnnx, type OnnxOptions } from './export-onnx.js';
export { type OnnxDtype, type OnnxFile, onnxFile } from './onnx-file.js';
