import { breathing } from '../breathe.js';

/** Milliseconds that a computation may keep the event loop from turning: a frame. */
export const LONGEST_TURN = 16;

/** Resolves after what waits (input, a frame, timers, messages) has had its turn. */
export function nextTurn(): Promise<void> {
  // Neither setTimeout, which waits 4 ms and in a hidden page a second, nor scheduler.yield, which goes before timers.
  if (typeof MessageChannel === 'undefined') return new Promise((resolve) => void setTimeout(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      // An open port would keep Node alive, where a page's build runs in it.
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

export const breathe = /* @__PURE__ */ breathing({ LONGEST_TURN, nextTurn });
