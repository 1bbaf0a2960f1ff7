import { CnnzooError } from '@cnnzoo/core/internal/page';
import * as v from 'valibot';
import type {
  GraphNode,
  GraphValue,
  GraphWeight,
  InferenceGraph,
  Quantization,
  QuantizedGraph,
} from '../graph/index.js';
import { movesValues } from '../graph/quantized.js';
import { textOf } from '../graph/text.js';
import { checkShapes } from './check-shapes.js';
import { type DescribedNode, type Description, descriptionSchema, GRAPH_FORMAT } from './description.js';

/** A tensor of a file, whose values are read when they are asked for. */
export interface FileTensor {
  readonly shape: readonly number[];
  /** Type in the file, by safetensors' name. */
  readonly stored: string;
  read(): Promise<{ readonly data: unknown }>;
}

/** Returns the key of a weight's scales. */
export const scaleKey = (key: string): string => `${key}_scale`;

/** Fields of nodes that name weights. */
export const WEIGHT_FIELDS = ['weight', 'bias', 'scale', 'shift'] as const;

type Damaged = (why: string) => CnnzooError;

function parse(text: string, name: string, damaged: Damaged): Description {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged('its description is not JSON');
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (format !== GRAPH_FORMAT)
    throw new CnnzooError(
      'FORMAT',
      `'${name}': expected a graph of format ${GRAPH_FORMAT}, received format ${JSON.stringify(format)}. Update @cnnzoo/deploy.`,
    );
  const result = v.safeParse(descriptionSchema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw damaged(`${v.getDotPath(issue) ?? 'its description'}: ${issue.message.slice(0, 200)}`);
}

/** Weights of a file. Each has one GraphWeight, and those of 8 bits their scales. */
class Weights {
  readonly scales = new Map<string, Float32Array>();
  private readonly known = new Map<string, GraphWeight>();
  private readonly unread: Set<string>;

  constructor(
    private readonly tensors: ReadonlyMap<string, FileTensor>,
    private readonly damaged: Damaged,
  ) {
    this.unread = new Set(tensors.keys());
  }

  /** Reads the scales of all weights of 8 bits. */
  async readScales(): Promise<void> {
    for (const [key, { stored, shape }] of this.tensors) {
      if (stored !== 'I8') continue;
      const scale = this.tensors.get(scaleKey(key));
      const channels = shape.at(-1);
      if (scale?.stored !== 'F32' || scale.shape.join() !== String(channels))
        throw this.damaged(
          `expected the scales of '${key}' as F32 [${channels}], received ${scale ? `${scale.stored} [${scale.shape}]` : 'none'}`,
        );
      const values = (await scale.read()).data as Float32Array;
      const wrong = values.find((value) => !(value > 0 && Number.isFinite(Math.fround(127 * value))));
      if (wrong !== undefined) throw this.damaged(`the scales of '${key}' have ${wrong} among them`);
      this.scales.set(key, values);
      this.unread.delete(scaleKey(key));
    }
  }

  get(key: string): GraphWeight {
    const known = this.known.get(key);
    if (known) return known;
    const tensor = this.tensors.get(key);
    if (!tensor) throw this.damaged(`it lacks the weight '${key}'`);
    if (!['F32', 'F16', 'I8'].includes(tensor.stored))
      throw this.damaged(`'${key}' is ${tensor.stored} in place of F32, F16 or I8`);
    this.unread.delete(key);
    const scales = this.scales.get(key);
    const read = async (): Promise<Float32Array> => {
      const { data } = await tensor.read();
      return scales ? this.floatsOf(key, data as Int8Array, scales) : (data as Float32Array);
    };
    const weight = { name: key, shape: tensor.shape, read };
    this.known.set(key, weight);
    return weight;
  }

  /** Refuses tensors that no node has. */
  checkAllRead(): void {
    const [key] = this.unread;
    if (key !== undefined) throw this.damaged(`no node has its tensor '${key}'`);
  }

  private floatsOf(key: string, levels: Int8Array, scales: Float32Array): Float32Array {
    if (levels.includes(-128)) throw this.damaged(`'${key}' has the value -128, which no weight of 8 bits has`);
    const values = new Float32Array(levels.length);
    for (let start = 0; start < levels.length; start += scales.length)
      for (let channel = 0; channel < scales.length; channel++)
        values[start + channel] = levels[start + channel]! * scales[channel]!;
    return values;
  }
}

/** Names the node in errors. */
const refusing =
  ({ name }: DescribedNode, damaged: Damaged) =>
  (wrong: string): never => {
    throw damaged(`the node '${name}' ${wrong}`);
  };

/** Makes a node of its description, with the values and weights that it names. */
function nodeOf(
  described: DescribedNode,
  values: ReadonlyMap<string, GraphValue>,
  weights: Weights,
  damaged: Damaged,
): GraphNode {
  const refuse = refusing(described, damaged);
  const node: Record<string, unknown> = {
    ...described,
    inputs: described.inputs.map(
      (input) => values.get(input) ?? refuse(`reads '${input}', which no node before it gives`),
    ),
  };
  for (const field of WEIGHT_FIELDS)
    if (field in node) node[field] = node[field] === null ? undefined : weights.get(node[field] as string);
  return node as unknown as GraphNode;
}

function quantizationOf(
  entries: Exclude<Description['quantization'], null>,
  values: ReadonlyMap<string, GraphValue>,
  nodes: readonly GraphNode[],
  damaged: Damaged,
): Map<string, Quantization> {
  const found = new Map<string, Quantization>();
  for (const [name, scale, zeroPoint] of entries) {
    if (!values.has(name) || found.has(name))
      throw damaged(`its quantization names '${name}', which is no value or named twice`);
    found.set(name, { scale, zeroPoint });
  }
  for (const node of nodes) {
    if (!movesValues(node)) continue;
    const output = found.get(node.output.name);
    for (const { name } of node.inputs) {
      const input = found.get(name);
      if (input && output && (input.scale !== output.scale || input.zeroPoint !== output.zeroPoint))
        throw damaged(`the node '${node.name}' changes the scale or zero point of '${name}', and only moves values`);
    }
  }
  return found;
}

/** Checks that the facts fit the ends of the graph. */
function checkFacts({ facts, inputs, outputs }: InferenceGraph, damaged: Damaged): void {
  const [input, output] = [inputs[0]!, outputs[0]!];
  const classes = output.shape.at(-1);
  if (facts.categories && output.shape.length === 2 && facts.categories.length !== classes)
    throw damaged(`it has ${facts.categories.length} categories for ${classes} classes`);
  const channels = input.shape.at(-1);
  if (facts.preprocessing && input.shape.length === 4 && facts.preprocessing.channels !== channels)
    throw damaged(`its preprocessing gives ${facts.preprocessing.channels} channels, and its net takes ${channels}`);
}

/**
 * Makes a graph of its description and tensors. Nothing is taken on trust: names, shapes, types and scales are compared.
 *
 * @param text JSON.
 * @param name of the file, for messages.
 * @throws CnnzooError FORMAT.
 */
export async function parseGraph(
  text: string,
  tensors: ReadonlyMap<string, FileTensor>,
  name: string,
): Promise<InferenceGraph | QuantizedGraph> {
  const damaged: Damaged = (why) =>
    new CnnzooError('FORMAT', `'${name}' is no whole graph: ${why}. Fetch the file again, or save the graph again.`);
  const description = parse(text, name, damaged);
  const weights = new Weights(tensors, damaged);
  await weights.readScales();
  const values = new Map<string, GraphValue>();
  const add = (value: GraphValue): void => {
    if (values.has(value.name)) throw damaged(`it has two values '${value.name}'`);
    values.set(value.name, value);
  };
  for (const input of description.inputs) add(input);
  const nodes: GraphNode[] = [];
  for (const described of description.nodes) {
    const node = nodeOf(described, values, weights, damaged);
    checkShapes(node, refusing(described, damaged));
    if (weights.scales.size > 0) checkLevels(node, weights.scales, damaged);
    add(node.output);
    nodes.push(node);
  }
  weights.checkAllRead();
  const { quantization, facts, anySize } = description;
  if (weights.scales.size > 0 && !quantization) throw damaged('it has weights of 8 bits, and no quantization');
  const graph: InferenceGraph = {
    name: description.name,
    inputs: description.inputs,
    outputs: description.outputs.map((output) => {
      const value = values.get(output);
      if (!value) throw damaged(`no node gives its output '${output}'`);
      return value;
    }),
    nodes,
    anySize,
    facts,
    ...(quantization && {
      quantization: { values: quantizationOf(quantization, values, nodes, damaged), weights: weights.scales },
    }),
    toString: () => textOf(graph),
  };
  checkFacts(graph, damaged);
  return graph;
}

/** Refuses weights of 8 bits in the places of others. */
function checkLevels(node: GraphNode, scales: ReadonlyMap<string, Float32Array>, damaged: Damaged): void {
  for (const field of WEIGHT_FIELDS) {
    const weight = (node as unknown as Record<string, GraphWeight | undefined>)[field];
    const isKernel = field === 'weight' && (node.op === 'conv' || node.op === 'linear');
    if (weight && scales.has(weight.name) && !isKernel)
      throw damaged(`the node '${node.name}' has '${weight.name}' in 8 bits, where it takes floats`);
  }
}
