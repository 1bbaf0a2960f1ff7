import type { GraphNode, InferenceGraph, Quantization, QuantizedGraph } from '../graph/index.js';
import type { Statistics } from './calibrate.js';
import { type HeldWeight, heldWeight, withNodes } from './held-graph.js';
import { isWeighted, type Plan, type WeightedNode } from './plan.js';
import { type Calibration, quantizationOf, rangeOf } from './ranges.js';
import { biasOf, meanErrors, weightOf, weightScales } from './weights.js';

/** Choices of how a graph is quantized. */
export interface Method {
  readonly calibration: Calibration;
  readonly percentile: number;
  readonly correctBias: boolean;
}

/** Returns the scales and zero points of the values. Those of a group are one, for the range of all of them. */
function valuesOf({ groups }: Plan, statistics: Statistics, method: Method): Map<string, Quantization> {
  const values = new Map<string, Quantization>();
  for (const group of groups) {
    const ranges = group.map((value) => rangeOf(statistics.get(value)!, method.calibration, method.percentile));
    const quantization = quantizationOf({
      min: Math.min(...ranges.map(({ min }) => min)),
      max: Math.max(...ranges.map(({ max }) => max)),
    });
    for (const { name } of group) values.set(name, quantization);
  }
  return values;
}

/** Returns a name that none of a graph's weights has. */
function freeName(wanted: string, names: Set<string>): string {
  let name = wanted;
  for (let i = 1; names.has(name); i++) name = `${wanted}_${i}`;
  names.add(name);
  return name;
}

/**
 * Takes the mean error that rounding the weight makes out of the biases (Nagel et al., https://arxiv.org/abs/1906.04721, section 4.2),
 * with the means of the calibration images.
 */
function correctBiases(
  nodes: readonly GraphNode[],
  weighted: ReadonlySet<GraphNode>,
  scales: ReadonlyMap<string, Float32Array>,
  statistics: Statistics,
): GraphNode[] {
  const names = new Set(nodes.filter(isWeighted).flatMap(({ weight, bias }) => [weight.name, bias?.name ?? '']));
  const corrected = (node: WeightedNode): WeightedNode => {
    const errors = meanErrors(node, scales.get(node.weight.name)!, statistics.get(node.inputs[0]!)!.means());
    const bias = biasOf(node);
    const values = Float32Array.from(errors, (error, i) => (bias?.values[i] ?? 0) - error);
    const isShared = nodes.some((other) => other !== node && isWeighted(other) && other.bias === node.bias);
    const wanted = bias?.name ?? node.weight.name.replace(/(weight)?$/, 'bias');
    const name = bias && !isShared ? bias.name : freeName(wanted, names);
    return { ...node, bias: heldWeight(name, [errors.length], values) };
  };
  return nodes.map((node) => (weighted.has(node) ? corrected(node as WeightedNode) : node));
}

/** Makes the graph in 8 bits of one whose weights are held. */
export function quantizedGraph(
  graph: InferenceGraph,
  plan: Plan,
  statistics: Statistics,
  method: Method,
): QuantizedGraph {
  const values = valuesOf(plan, statistics, method);
  const users = new Map<HeldWeight, WeightedNode[]>();
  for (const node of plan.weighted) users.set(weightOf(node), [...(users.get(weightOf(node)) ?? []), node]);
  const weights = new Map<string, Float32Array>();
  for (const [weight, nodes] of users) {
    const biases = nodes.map((node) => ({ bias: biasOf(node), inputScale: values.get(node.inputs[0]!.name)!.scale }));
    weights.set(weight.name, weightScales(weight, biases));
  }
  const nodes = method.correctBias
    ? correctBiases(graph.nodes, new Set(plan.weighted), weights, statistics)
    : graph.nodes;
  const quantized: QuantizedGraph = {
    ...withNodes(graph, nodes),
    quantization: { values, weights },
  };
  return quantized;
}
