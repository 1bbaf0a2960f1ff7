import type { BackendCandidate } from './contract.js';

/** tfjs' backend in plain JavaScript, which works everywhere. */
export const cpuBackend: BackendCandidate = {
  name: 'cpu',
  backend: 'cpu',
  automatic: true,
  isProbed: false,
  advice: 'It comes with @cnnzoo/core: reinstall the packages.',
  load: () => import('@tensorflow/tfjs-backend-cpu'),
  settle(backend) {
    // Keeps the backend from advertising tfjs-node when it gets its first tensor, in Node and what tfjs takes for it: workerd
    // with `nodejs_compat`, a window of Electron with Node.
    (backend as { firstUse?: boolean }).firstUse = false;
  },
};
