export { families, getModel, listModels } from './by-name.js';
export { openPretrained } from './pretrained.js';
