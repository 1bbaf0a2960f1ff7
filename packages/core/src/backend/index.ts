export { accelerateBackend, type BackendName, requireBackend, type UseBackendOptions, useBackend } from './choose.js';
