import type { Net } from '@cnnzoo/core';
import {
  beyondFloat16,
  CnnzooError,
  checkOptions,
  encodeHeader,
  GRAPH_KEY,
  type HeaderTensor,
  LARGEST_FLOAT16,
  numel,
  pathOf,
  shownValue,
  toFloat16,
  writeNewFile,
} from '@cnnzoo/core/internal/page';
import type { GraphNode, GraphWeight, InferenceGraph, QuantizedGraph } from '../graph/index.js';
import { isGraph, isQuantized, quantizeWeight } from '../graph/quantized.js';
import { withSnapshot } from '../snapshot.js';
import { type Description, GRAPH_FORMAT } from './description.js';
import { type FileTensor, parseGraph, scaleKey, WEIGHT_FIELDS } from './parse-graph.js';

/** Type of the weights in a file of `saveGraph`. */
export type GraphDtype = 'float32' | 'float16';

/** Options of `saveGraph`. */
export interface SaveGraphOptions {
  /** 'float16' halves the file; the net still computes in float32. Default: 'float32'. */
  dtype?: GraphDtype | undefined;
}

/** Values from which on a weight is read in blocks, and values of a block. */
const LARGE = 1 << 20;

/** A tensor that is written, and its bytes in pieces. */
interface Written extends HeaderTensor {
  bytesOf(): AsyncIterable<Uint8Array>;
}

const bytesIn = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Reads a weight's values in order, large ones in blocks of whole slices along the first axis. */
async function* valuesOf({ shape, read, readBlock }: GraphWeight): AsyncGenerator<Float32Array> {
  const slice = numel(shape.slice(1));
  if (!readBlock || slice * shape[0]! <= LARGE) {
    yield await read();
    return;
  }
  const count = Math.max(1, Math.floor(LARGE / slice));
  const rest = shape.slice(1);
  for (let first = 0; first < shape[0]!; first += count)
    yield await readBlock([first, ...rest.map(() => 0)], [Math.min(count, shape[0]! - first), ...rest]);
}

function halves({ name }: GraphWeight, values: Float32Array): Uint16Array {
  const beyond = beyondFloat16(values);
  if (beyond === undefined) return toFloat16(values);
  throw new CnnzooError(
    'INPUT',
    `The weight '${name}' has the value ${beyond}, which float16 can't hold: the largest is ${LARGEST_FLOAT16}. Save with dtype 'float32'.`,
  );
}

/** Collects the weights of a graph as tensors with names of their own. */
class Tensors {
  readonly written: Written[] = [];
  /** By their keys. */
  readonly scales = new Map<string, Float32Array>();
  private readonly keys = new Map<GraphWeight, string>();
  private readonly taken = new Set(['__metadata__']);

  constructor(
    private readonly graph: InferenceGraph,
    private readonly dtype: GraphDtype,
  ) {}

  /** Returns the name of a weight in the file. */
  keyOf(weight: GraphWeight): string {
    const known = this.keys.get(weight);
    if (known !== undefined) return known;
    const scales = isQuantized(this.graph) ? this.graph.quantization.weights.get(weight.name) : undefined;
    let key = weight.name;
    for (let i = 1; this.taken.has(key) || (scales && this.taken.has(scaleKey(key))); i++) key = `${weight.name}_${i}`;
    this.keys.set(weight, key);
    this.taken.add(key);
    if (scales) {
      this.taken.add(scaleKey(key));
      this.scales.set(scaleKey(key), scales);
      this.addLevels(key, weight, scales);
    } else this.addFloats(key, weight);
    return key;
  }

  /** The widest first, so that each tensor's offset fits its type. */
  inOrder(): Written[] {
    const order = ['F32', 'F16', 'I8'];
    return [...this.written].sort((a, b) => order.indexOf(a.stored) - order.indexOf(b.stored));
  }

  private addFloats(key: string, weight: GraphWeight): void {
    const isHalf = this.dtype === 'float16';
    this.written.push({
      key,
      stored: isHalf ? 'F16' : 'F32',
      shape: weight.shape,
      bytes: numel(weight.shape) * (isHalf ? 2 : 4),
      async *bytesOf() {
        for await (const values of valuesOf(weight)) yield bytesIn(isHalf ? halves(weight, values) : values);
      },
    });
  }

  private addLevels(key: string, weight: GraphWeight, scales: Float32Array): void {
    this.written.push(
      {
        key,
        stored: 'I8',
        shape: weight.shape,
        bytes: numel(weight.shape),
        async *bytesOf() {
          for await (const values of valuesOf(weight)) yield bytesIn(quantizeWeight(values, scales));
        },
      },
      {
        key: scaleKey(key),
        stored: 'F32',
        shape: [scales.length],
        bytes: scales.byteLength,
        async *bytesOf() {
          yield bytesIn(scales);
        },
      },
    );
  }
}

function describeNode(node: GraphNode, tensors: Tensors): Record<string, unknown> {
  const described: Record<string, unknown> = { ...node, inputs: node.inputs.map(({ name }) => name) };
  for (const field of WEIGHT_FIELDS) {
    if (!(field in described)) continue;
    const weight = described[field] as GraphWeight | undefined;
    described[field] = weight ? tensors.keyOf(weight) : null;
  }
  return described;
}

function describe(graph: InferenceGraph, tensors: Tensors): string {
  const { name, inputs, outputs, nodes, anySize, facts } = graph;
  const description: { [Key in keyof Description]: unknown } = {
    format: GRAPH_FORMAT,
    name,
    inputs,
    outputs: outputs.map((output) => output.name),
    nodes: nodes.map((node) => describeNode(node, tensors)),
    anySize,
    facts,
    quantization: isQuantized(graph)
      ? [...graph.quantization.values].map(([value, { scale, zeroPoint }]) => [value, scale, zeroPoint])
      : null,
  };
  return JSON.stringify(description);
}

/** Reads the description as a page will: a graph that can't be read back is not written. */
async function checkReadable(where: string, text: string, { written, scales }: Tensors, name: string): Promise<void> {
  const tensors = new Map(
    written.map(({ key, shape, stored }): [string, FileTensor] => [
      key,
      // Scales alone are read.
      { shape, stored, read: async () => ({ data: scales.get(key) }) },
    ]),
  );
  try {
    await parseGraph(text, tensors, name);
  } catch (cause) {
    throw new CnnzooError('INPUT', `${where}: the graph can't be written: ${(cause as Error).message}`, { cause });
  }
}

async function* chunksOf(text: string, written: readonly Written[]): AsyncGenerator<Uint8Array> {
  yield encodeHeader(written, { [GRAPH_KEY]: text });
  for (const { key, bytes, bytesOf } of written) {
    let size = 0;
    for await (const chunk of bytesOf()) {
      size += chunk.length;
      yield chunk;
    }
    if (size !== bytes)
      throw new CnnzooError(
        'INPUT',
        `The weight '${key}' gave ${size} bytes in place of ${bytes}. Make the graph anew.`,
      );
  }
}

async function write(where: string, graph: InferenceGraph, path: string | URL, dtype: GraphDtype): Promise<void> {
  const file = pathOf(path);
  if (!file.endsWith('.safetensors'))
    throw new CnnzooError('INPUT', `${where}: expected a path that ends in '.safetensors', received '${file}'.`);
  const tensors = new Tensors(graph, dtype);
  const text = describe(graph, tensors);
  await checkReadable(where, text, tensors, graph.name);
  await writeNewFile(file, chunksOf(text, tensors.inOrder()));
}

/**
 * Writes a net in 8 bits as one file: the weights of its convolutions and linear layers as int8 with a float32 scale per output channel,
 * everything else as float32, and in the metadata the graph, how its values are quantized, the categories and the preprocessing. It is
 * opened by `createSession(path)` in Node, and in a page by `openClassifier` of `@cnnzoo/deploy/classify`.
 *
 * @param graph result of `quantize`.
 * @param path file to be written, `.safetensors`. A failure leaves nothing behind.
 * @throws CnnzooError INPUT for a value that is no graph in 8 bits, or one that can't be read back; FILE if the file exists or can't be
 * written.
 *
 * @example
 * ```ts
 * import { readGraph, saveQuantized } from '@cnnzoo/deploy';
 *
 * const graph = await readGraph('flowers-int8.safetensors');
 * if ('quantization' in graph) await saveQuantized(graph, 'public/flowers-int8.safetensors');
 * ```
 */
export async function saveQuantized(graph: QuantizedGraph, path: string | URL): Promise<void> {
  if (!isQuantized(graph)) {
    const received = isGraph(graph) ? `the graph '${(graph as InferenceGraph).name}' in float32` : shownValue(graph);
    throw new CnnzooError(
      'INPUT',
      `saveQuantized: expected the graph that quantize() gives, received ${received}. saveGraph writes a net in float32.`,
    );
  }
  await write('saveQuantized', graph, path, 'float32');
}

/**
 * Writes the inference of a net as one file, as `saveQuantized` does of a net in 8 bits: BatchNorm is folded into the layers before it,
 * and what training alone needs is left out. The weights are those of the moment of the call.
 *
 * @param net a LayersModel or Classifier. A LayersModel has no categories and no preprocessing to note, which a page that classifies needs.
 * @param path file to be written, `.safetensors`. A failure leaves nothing behind.
 * @throws CnnzooError INPUT for a layer that no graph has, an unknown option, a weight beyond float16; FILE if the file exists or can't be
 * written; TRAINING in the middle of a training step.
 *
 * @example
 * ```ts
 * import { useBackend } from '@cnnzoo/core';
 * import { saveGraph } from '@cnnzoo/deploy';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * await useBackend();
 * const net = await resnet18.pretrained();
 * await saveGraph(net, 'public/resnet18.safetensors', { dtype: 'float16' });
 * ```
 */
export async function saveGraph(net: Net, path: string | URL, options: SaveGraphOptions = {}): Promise<void> {
  checkOptions('saveGraph', options, ['dtype']);
  const { dtype = 'float32' } = options;
  if (dtype !== 'float32' && dtype !== 'float16')
    throw new CnnzooError('INPUT', `saveGraph: expected dtype 'float32' or 'float16', received ${shownValue(dtype)}.`);
  if (isQuantized(net))
    throw new CnnzooError('INPUT', 'saveGraph: expected a net, received a graph in 8 bits. saveQuantized writes it.');
  await withSnapshot(net, (graph) => write('saveGraph', graph, path, dtype));
}
