// Apart from choose.ts, which a page loads with the first call: every net that is built asks here.
import { engine } from '@tensorflow/tfjs-core';
import { CnnzooError } from '../util/index.js';

/**
 * Throws if no backend is set, since tensors can't be made without one.
 *
 * @param what Subject of the message: the name of the function that needs a backend.
 * @throws CnnzooError BACKEND.
 */
export function requireBackend(what: string): void {
  if (engine().backendName) return;
  throw new CnnzooError(
    'BACKEND',
    `${what} needs a TensorFlow.js backend, and none is set. Write \`await useBackend()\` first: every cnnzoo package of nets exports it.`,
  );
}
