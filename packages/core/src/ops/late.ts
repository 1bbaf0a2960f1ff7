export {
  addRelu,
  type FusedActivation,
  fusedConv2d,
  fusedLinear,
  needsPacking,
  type PackedFilter,
  packFilter,
  refuseGradient,
} from './fused-layers.js';
export { type GroupNormalization, groupNormalize } from './group-normalize.js';
