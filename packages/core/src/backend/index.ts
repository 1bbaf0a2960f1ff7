export { requireBackend } from './require.js';
