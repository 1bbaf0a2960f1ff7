// Waits that a signal ends.
import { describe, expect, it, vi } from 'vitest';
import { onAbort, orAbort } from '../src/util/late.js';

describe('a signal', () => {
  it('gets one listener, however many waits it can end, and ends them all', async () => {
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, 'addEventListener');
    const waits = Array.from({ length: 20 }, () => orAbort(new Promise(() => undefined), controller.signal));
    expect(added).toHaveBeenCalledTimes(1);
    controller.abort('enough');
    for (const wait of await Promise.allSettled(waits)) expect(wait).toEqual({ status: 'rejected', reason: 'enough' });
  });

  it('calls no listener that was taken back, and one that waits twice twice', () => {
    const controller = new AbortController();
    const [left, kept] = [vi.fn(), vi.fn()];
    const forget = onAbort(controller.signal, left);
    const forgetOne = onAbort(controller.signal, kept);
    onAbort(controller.signal, kept);
    onAbort(controller.signal, kept);
    forget();
    forgetOne();
    controller.abort();
    expect(left).not.toHaveBeenCalled();
    expect(kept).toHaveBeenCalledTimes(2);
  });
});
