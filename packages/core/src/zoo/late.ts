export { openWeights } from './open-weights.js';
export { buildTrained } from './pretrained.js';
export { MODEL_KEY, WEIGHTS_KEY } from './weights.js';
