export { accelerateBackend } from './accelerate.js';
export { isHalfPrecision } from './half-precision.js';
export { type WasmMemory, wasmMemory } from './wasm-memory.js';
