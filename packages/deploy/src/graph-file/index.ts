export { GRAPH_START, type GraphSource, isGraphFile, type ReadGraphOptions, readGraph } from './read-graph.js';
export { type GraphDtype, type SaveGraphOptions, saveGraph, saveQuantized } from './save-graph.js';
