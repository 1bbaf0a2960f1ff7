export { createSession, type SessionDtype, type SessionOptions } from './create-session.js';
export type { BatchShape, EngineName } from './engine.js';
export { Session, type SessionFacts, type SessionTimes } from './session.js';
