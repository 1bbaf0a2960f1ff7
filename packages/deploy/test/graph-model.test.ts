import { rmSync } from 'node:fs';
import { exportGraphModel } from '../src/index.js';
import { testExports } from './exports.js';
import { openGraphModel, runGraphModel } from './graph-model-files.js';

testExports('a GraphModel', async (net, path) => {
  await exportGraphModel(net, path);
  const graph = await openGraphModel(path);
  rmSync(path, { recursive: true });
  return { run: async (images, shape) => runGraphModel(graph, images, shape), close: () => graph.dispose() };
});
