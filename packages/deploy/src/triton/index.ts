export { exportTriton, type TritonOptions } from './export-triton.js';
