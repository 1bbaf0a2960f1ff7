export type { LayerError } from './evaluate.js';
export type { ImageValues, QuantizeImages } from './images.js';
export type { QuantizeOptions, QuantizeProgress } from './options.js';
export { type Quantized, quantize } from './quantize.js';
export type { Calibration } from './ranges.js';
export type { FloatLayer, QuantizeReport } from './report.js';
