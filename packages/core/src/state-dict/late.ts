export { adviceFor, Faults, isIgnored } from './faults.js';
export { type FittedKeys, fitKeys, type LoadedStateDict, renameTensors, type Wanted } from './fit-keys.js';
export { type BuildFromOptions, buildFrom, wantedBy } from './load.js';
