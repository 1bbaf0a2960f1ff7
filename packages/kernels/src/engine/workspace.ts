import type { Engine } from './engine.js';

/** What the ops that memory bounds need of an engine: they run on any, tfjs' own heap included. */
export type Workspace = Pick<Engine, 'threads' | 'alloc' | 'put' | 'get' | 'view' | 'dispatch' | 'reset'>;
