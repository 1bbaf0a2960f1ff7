import type { InferenceGraph } from '../graph/index.js';

/**
 * Draws an inference graph from top to bottom: a box for each node with its operation, its name and what is fused into it, the shape
 * [height, width, channels] or [features] of each value below the box that gives it, and lines from values to the nodes that take them.
 * Shortcuts around blocks have a colour of their own. The colours follow the reader's preference of light or dark.
 *
 * @param graph Graph of `inferenceGraph`, whose net may be disposed of.
 * @returns an SVG file as text. The same graph gives the same text.
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { useBackend } from '@cnnzoo/core';
 * import { graphSvg, inferenceGraph } from '@cnnzoo/deploy';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * await useBackend();
 * await writeFile('resnet18.svg', await graphSvg(inferenceGraph(resnet18())));
 * ```
 */
export async function graphSvg(graph: InferenceGraph): Promise<string> {
  const { draw } = await import('./draw.js');
  return draw(graph);
}
