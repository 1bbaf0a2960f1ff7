export { type FeaturePyramid, featurePyramid, type PyramidLevel } from './feature-pyramid.js';
export { featuresOf, hasHead, isInHead, type ModelNote, noteOf, requireHead, tapOf, writeNote } from './head.js';
export {
  categoriesOf,
  isDisposed,
  modelOf,
  type Net,
  noteOutputActivation,
  type OutputActivation,
  outputActivationOf,
  preprocessingOf,
} from './net.js';
export { buildModel, type InputShape, type NetLayer, NetModel } from './net-model.js';
export { type Summary, type SummaryRow, summary } from './summary.js';
export { layerSlotsOf, modelsOf, orderTo, type Slot, slotsOf, weightsOf } from './walk.js';
