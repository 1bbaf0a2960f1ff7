import type { InferenceGraph, QuantizedGraph } from '../src/graph/index.js';

/**
 * Quantizes a graph without looking at images: every value has one scale, and each channel of a weight that of its largest magnitude.
 * For tests of what becomes of such graphs.
 */
export async function quantizedByHand(graph: InferenceGraph, scale = 0.05, zeroPoint = 100): Promise<QuantizedGraph> {
  const weights = new Map<string, Float32Array>();
  for (const node of graph.nodes) {
    if (node.op !== 'conv' && node.op !== 'linear') continue;
    const values = await node.weight.read();
    const channels = node.weight.shape.at(-1)!;
    const largest = new Float32Array(channels).fill(1e-6);
    for (const [i, value] of values.entries())
      largest[i % channels] = Math.max(largest[i % channels]!, Math.abs(value));
    weights.set(
      node.weight.name,
      largest.map((each) => each / 127),
    );
  }
  const values = [...graph.inputs, ...graph.nodes.map(({ output }) => output)];
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  return {
    ...graph,
    quantization: {
      values: new Map(values.filter(({ name }) => !outputs.has(name)).map(({ name }) => [name, { scale, zeroPoint }])),
      weights,
    },
  };
}
