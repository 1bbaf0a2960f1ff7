import { setImmediate } from 'node:timers';
import { breathing } from '../breathe.js';

/** Milliseconds that a computation may keep the event loop from turning. */
export const LONGEST_TURN = 50;

/** Resolves after timers, signals and messages that wait have had their turn. */
export const nextTurn = (): Promise<void> =>
  // Twice: the first may come in the turn that is under way, before timers are looked at.
  new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));

export const breathe = /* @__PURE__ */ breathing({ LONGEST_TURN, nextTurn });
