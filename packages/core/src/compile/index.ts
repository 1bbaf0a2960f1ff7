export { WeightsSnapshot } from './snapshot.js';
