export * from './backends.js';
export * from './cache.js';
export * from './crc32.js';
export * from './decode.js';
export * from './files.js';
export * from './list-files.js';
export * from './workers.js';
