export { families, getModel, listModels } from './models/index.js';
export { progressBar } from './progress/index.js';
