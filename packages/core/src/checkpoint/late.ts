export {
  checkKey,
  checkReadOptions,
  checkStart,
  MAX_CHECKPOINT,
  MAX_UNSTATED,
  openTensorSource,
  openTensors,
  sourceName,
  sourceOf,
} from './open.js';
export { encodeTurned, isWorthTurning, toTfValues } from './transposed.js';
