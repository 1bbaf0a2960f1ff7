export type { SaveOptions, SaveStateDictOptions } from './save-options.js';
export { loadStateDict, saveStateDict, stateDict } from './state-dict.js';
