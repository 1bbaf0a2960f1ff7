/*
 * Program of a helper thread. scripts/build-wasm.mjs bundles it into a string, which a worker thread of Node or a
 * classic worker of a page evaluates.
 */
import { Control, DESCRIPTOR_AT, ERROR_AT, ERROR_BYTES, type HelperData, SCRATCH_AT, STOP, Turn } from './control.js';

function serve({ module, memory, scratch, spin, turn }: HelperData, ready: () => void): void {
  const control = new Int32Array(memory.buffer, 0, SCRATCH_AT / 4);
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const run = instance.exports.run as (descriptor: number, scratch: number) => void;
  let generation = Atomics.load(control, Control.generation);
  ready();
  while (generation !== STOP) {
    let next = Atomics.load(control, Control.generation);
    // Spins before it sleeps: waking a sleeping thread takes 100 times as long as a dispatch to a spinning one.
    for (let i = 0; next === generation && i < spin; i++) next = Atomics.load(control, Control.generation);
    while (next === generation) {
      Atomics.wait(control, Control.generation, generation);
      next = Atomics.load(control, Control.generation);
    }
    generation = next;
    if (Atomics.compareExchange(control, turn, Turn.open, Turn.taken) !== Turn.open) continue;
    try {
      run(DESCRIPTOR_AT, scratch);
    } catch (error) {
      const text = new TextEncoder().encode(String(error)).subarray(0, ERROR_BYTES);
      new Uint8Array(memory.buffer, ERROR_AT, ERROR_BYTES).set(text);
      Atomics.store(control, Control.errorLength, text.length);
      Atomics.store(control, Control.failed, 1);
    }
    Atomics.store(control, turn, Turn.over);
    Atomics.notify(control, turn);
  }
}

const node = globalThis.process?.getBuiltinModule?.('node:worker_threads');
if (node) {
  // Runs from the event loop, whose idle time tells the calling thread that this one lives.
  setImmediate(() => serve(node.workerData, () => node.parentPort!.postMessage('ready')));
} else {
  globalThis.onmessage = ({ data }: MessageEvent<HelperData>) => {
    const begin = () => {
      serve(data, () => globalThis.postMessage('ready'));
      globalThis.close();
    };
    const held = globalThis.navigator.locks?.request(data.lock, () => {
      setTimeout(begin);
      return new Promise(() => {});
    });
    if (held) held.catch(begin);
    else begin();
  };
}
