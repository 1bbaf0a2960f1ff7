import type { GraphNode, GraphValue, InferenceGraph, Quantization, QuantizedGraph } from '../src/index.js';
import { KernelsEngine } from '../src/kernels/index.js';

/** Nodes whose output keeps the scale of their inputs. */
const isMove = (node: GraphNode): boolean =>
  node.op === 'concat' ||
  node.op === 'flatten' ||
  node.op === 'reshape' ||
  (node.op === 'pool' && node.operator === 'max');

/** Quantizes all of a graph but its outputs by the least and largest values for one batch. */
export async function minMaxQuantized(
  graph: InferenceGraph,
  images: Float32Array,
  shape: readonly [number, number, number, number],
): Promise<QuantizedGraph> {
  const ranges = new Map<string, [number, number]>();
  const engine = await KernelsEngine.create(graph, { observe: true });
  await engine.run(images, shape, ({ name }, values) => {
    ranges.set(
      name,
      values.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [0, 0]),
    );
  });
  await engine.dispose();
  // One range for values that are only moved.
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of graph.nodes.filter(isMove)) {
      const moved = [...node.inputs, node.output].map(({ name }) => ranges.get(name)!);
      const joined = [Math.min(...moved.map(([low]) => low)), Math.max(...moved.map(([, high]) => high))] as const;
      for (const range of moved)
        if (range[0] !== joined[0] || range[1] !== joined[1]) {
          [range[0], range[1]] = joined;
          changed = true;
        }
    }
  }
  const values = new Map<string, Quantization>();
  const isOutput = (value: GraphValue) => graph.outputs.includes(value);
  for (const value of [...graph.inputs, ...graph.nodes.map(({ output }) => output)]) {
    if (isOutput(value)) continue;
    const [low, high] = ranges.get(value.name)!;
    const scale = Math.fround((high - low) / 255 || 1);
    values.set(value.name, { scale, zeroPoint: Math.round(-low / scale) });
  }
  const weights = new Map<string, Float32Array>();
  for (const node of graph.nodes) {
    if (node.op !== 'conv' && node.op !== 'linear') continue;
    const filter = await node.weight.read();
    const scales = new Float32Array(node.weight.shape.at(-1)!);
    for (const [i, value] of filter.entries()) {
      const channel = i % scales.length;
      scales[channel] = Math.max(scales[channel]!, Math.abs(value) / 127);
    }
    weights.set(node.weight.name, scales);
  }
  return { ...graph, quantization: { values, weights } };
}
