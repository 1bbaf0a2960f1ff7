/* Memory and threads: engines that run the compiled ops of assembly/. */

export { SCRATCH_BYTES } from './control.js';
export { fields, floatBits, rowsPerTask, type Workspace } from './dispatch.js';
export { createEngine, type Engine } from './engine.js';
export { type Heap, HeapEngine, MOST_BYTES, memoryOf, noRoom } from './heap-engine.js';
export type { Pointer } from './memory.js';
export { compileKernels } from './module.js';
export { defaultThreads, isThreadCount, MOST_THREADS } from './platform.js';
