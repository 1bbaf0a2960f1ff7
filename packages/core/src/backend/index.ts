export { constant } from './constants.js';
export { requireBackend } from './require.js';
export { type BackendName, type UseBackendOptions, useBackend } from './use-backend.js';
export { weightCheck } from './weight-check.js';
