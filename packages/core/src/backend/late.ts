export { type WasmMemory, wasmMemory } from './wasm-memory.js';
