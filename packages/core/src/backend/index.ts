export { accelerateBackend, type BackendName, type UseBackendOptions, useBackend } from './choose.js';
export { requireBackend } from './require.js';
