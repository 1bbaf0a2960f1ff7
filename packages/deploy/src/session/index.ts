export { createSession, type SessionOptions } from './create-session.js';
export type { BatchShape, EngineName, SessionDtype } from './engine.js';
export { Session, type SessionFacts, type SessionTimes } from './session.js';
