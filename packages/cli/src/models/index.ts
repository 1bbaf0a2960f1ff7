export { families, getModel, listModels } from './by-name.js';
export { type NetOptions, openNet } from './open.js';
export { openPretrained } from './pretrained.js';
