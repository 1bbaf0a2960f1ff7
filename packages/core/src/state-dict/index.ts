export { loadStateDict, saveStateDict, stateDict } from './state-dict.js';
