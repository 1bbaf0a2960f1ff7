export type { ImageAnswer, ImageStream } from './classify-all.js';
export { createSession, type SessionOptions } from './create-session.js';
export type { BatchShape, EngineName } from './engine.js';
export { type ClassifyAllOptions, Session, type SessionFacts, type SessionTimes } from './session.js';
