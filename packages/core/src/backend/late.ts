export { accelerateBackend } from './accelerate.js';
export { type WasmMemory, wasmMemory } from './wasm-memory.js';
