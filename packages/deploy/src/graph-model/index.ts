export { exportGraphModel, type GraphModelOptions } from './export-graph-model.js';
export type { GraphModelDtype } from './weights-file.js';
