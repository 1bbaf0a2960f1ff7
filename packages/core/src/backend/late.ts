export { accelerateBackend } from './accelerate.js';
export { type BackendName, type UseBackendOptions, useBackend } from './choose.js';
export { type WasmMemory, wasmMemory } from './wasm-memory.js';
