// Loading and building, which only calls need; index.ts is loaded with the page.
export { adviceFor } from './advice.js';
export { Faults, isIgnored } from './faults.js';
export {
  type FittedKeys,
  fitKeys,
  type KeyChanges,
  type LoadedStateDict,
  renameTensors,
  type Wanted,
} from './fit-keys.js';
export { type BuildFromOptions, buildFrom, wantedBy } from './load.js';
export { type Keyed, Snapshot } from './snapshot.js';
