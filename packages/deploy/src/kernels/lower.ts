import type { ConcatNode, GraphNode, GraphValue, InferenceGraph, PoolNode, Quantization } from '../graph/index.js';
import { isIntegerNode, isQuantized, movesValues } from '../graph/quantized.js';

/** Rounds float32 values to integers, or makes float32 values of integers. */
export interface ConversionNode {
  readonly op: 'quantize' | 'dequantize';
  readonly name: string;
  readonly inputs: readonly [GraphValue];
  readonly output: GraphValue;
}

export type LoweredNode = GraphNode | ConversionNode;

export const isConversion = (node: LoweredNode): node is ConversionNode =>
  node.op === 'quantize' || node.op === 'dequantize';

/** A graph in which each value is of one type, with the conversions between them as nodes. */
export interface LoweredGraph {
  readonly name: string;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly nodes: readonly LoweredNode[];
  /** Values of integers. All others are of float32. */
  readonly integers: ReadonlyMap<GraphValue, Quantization>;
  /** Values that stand for those of the graph, as they are after all rounding. */
  readonly shown: ReadonlyMap<GraphValue, GraphValue>;
}

/** True if nothing of a pool's padding counts in its means. */
export const isPlainPool = (node: PoolNode): boolean =>
  node.operator === 'max' || node.counted.flat().every((pixels) => pixels === 0);

/** Returns true for maps that are joined by channels, or lists of features. */
export const joinsChannels = ({ axis, output: { shape } }: ConcatNode): boolean =>
  axis === shape.length - 1 && (shape.length === 4 || shape.length === 2);

/** True if a kernel computes a node in integers. The others are computed in float32, between conversions: the same by definition. */
function hasKernel(node: GraphNode): boolean {
  switch (node.op) {
    case 'conv':
    case 'linear':
      return true;
    case 'pool':
      return isPlainPool(node);
    case 'global-pool':
      return node.operator === 'avg';
    case 'binary':
      return node.operator === 'add' && node.inputs[0]!.shape.join() === node.inputs[1]!.shape.join();
    case 'concat':
      return joinsChannels(node);
    default:
      return false;
  }
}

/** Returns true if values are moved as they are: their scales are the same. */
const isSame = (a: Quantization, b: Quantization): boolean => a.scale === b.scale && a.zeroPoint === b.zeroPoint;

/** Decides the type of each value. A graph that is not quantized stays as it is. */
export function lower(graph: InferenceGraph): LoweredGraph {
  const { name, inputs, nodes, outputs } = graph;
  if (!isQuantized(graph)) {
    const all = [...inputs, ...nodes.map(({ output }) => output)];
    return { name, inputs, outputs, nodes, integers: new Map(), shown: new Map(all.map((value) => [value, value])) };
  }
  const { values } = graph.quantization;
  const integers = new Map<GraphValue, Quantization>();
  const lowered: LoweredNode[] = [];
  /** Integers and float32 values that stand for the graph's. */
  const whole = new Map<GraphValue, GraphValue>();
  const real = new Map<GraphValue, GraphValue>();
  const shown = new Map<GraphValue, GraphValue>();
  const asWhole = (value: GraphValue): GraphValue => {
    const made = { ...value };
    integers.set(made, values.get(value.name)!);
    whole.set(value, made);
    shown.set(made, value);
    return made;
  };
  const realOf = (value: GraphValue): GraphValue => {
    const known = real.get(value);
    if (known) return known;
    const made = { ...value };
    lowered.push({ op: 'dequantize', name: value.name, inputs: [whole.get(value)!], output: made });
    real.set(value, made);
    return made;
  };
  /** Takes a float32 value in, and rounds it if the graph says so. */
  const give = (value: GraphValue, raw: GraphValue) => {
    if (!values.has(value.name)) {
      real.set(value, raw);
      shown.set(raw, value);
    } else lowered.push({ op: 'quantize', name: value.name, inputs: [raw], output: asWhole(value) });
  };
  for (const value of inputs) give(value, value);
  for (const node of nodes) {
    const quantizations = [...node.inputs, node.output].map(({ name: key }) => values.get(key));
    const isInteger =
      isIntegerNode(node, graph) &&
      hasKernel(node) &&
      (!movesValues(node) || quantizations.every((each) => isSame(each!, quantizations[0]!)));
    if (!isInteger) {
      const raw = { ...node.output };
      lowered.push({ ...node, inputs: node.inputs.map(realOf), output: raw });
      give(node.output, raw);
      continue;
    }
    const output = values.has(node.output.name) ? asWhole(node.output) : { ...node.output };
    if (!values.has(node.output.name)) {
      real.set(node.output, output);
      shown.set(output, node.output);
    }
    lowered.push({ ...node, inputs: node.inputs.map((value) => whole.get(value)!), output });
  }
  const ends = outputs.map(realOf);
  return { name, inputs, outputs: ends, nodes: lowered, integers, shown };
}
