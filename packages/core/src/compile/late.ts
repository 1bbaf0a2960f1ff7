export { compileModel } from './build.js';
export { allFinite, scaleChannels } from './channels.js';
export { FusedAdd, FusedConv2d, FusedLinear } from './layers.js';
export { type Plan, planOf, type Step } from './plan.js';
export { WeightsSnapshot } from './snapshot.js';
