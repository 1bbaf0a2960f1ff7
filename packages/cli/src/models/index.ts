export { getModel, listModels } from './by-name.js';
/** Tables of models by the family's name: `families.resnet.resnet18`. */
export * as families from './families.js';
export { openPretrained } from './pretrained.js';
