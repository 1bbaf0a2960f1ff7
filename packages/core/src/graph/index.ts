export { type FeaturePyramid, featurePyramid, type PyramidLevel } from './feature-pyramid.js';
export { hasHead, isInHead, type ModelNote, noteOf, writeNote } from './head.js';
export {
  categoriesOf,
  compiledNetError,
  isCompiled,
  isDisposed,
  modelOf,
  type Net,
  noteOutputActivation,
  type OutputActivation,
  outputActivationOf,
  preprocessingOf,
  refuseCompiled,
} from './net.js';
export { buildModel, type InputShape, type NetLayer, NetModel } from './net-model.js';
export { modelsOf, orderTo } from './order.js';
export { layerSlotsOf, type Slot, slotsOf, weightsOf } from './slots.js';
export { beginStep, claimWeights, isInStep, isTraining } from './steps.js';
export { type Summary, type SummaryRow, summary } from './summary.js';
