import { engine } from '@tensorflow/tfjs-core';
import { CnnzooError } from '../util/index.js';

/** Throws where no backend is set yet: tensors can't be made before one is. */
export function requireBackend(what: string): void {
  if (engine().backendName) return;
  throw new CnnzooError(
    'BACKEND',
    `${what} needs a TensorFlow.js backend, and none is set. Write \`await useBackend()\` (from @cnnzoo/core) first.`,
  );
}
