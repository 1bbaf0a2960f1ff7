export { constant } from './constants.js';
export { checkFitsGpu, isHalfPrecision } from './gpu-limits.js';
export { requireBackend } from './require.js';
export { type BackendName, type UseBackendOptions, useBackend } from './use-backend.js';
