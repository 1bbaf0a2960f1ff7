import {
  type GraphNode,
  type GraphValue,
  type InferenceGraph,
  isIntegerNode,
  type QuantizedGraph,
} from '../graph/index.js';
import type { MakeEngine, ObservedEngine } from './engine.js';
import { withEngine } from './engine.js';
import type { Batch, ImageSource } from './images.js';

/** Error of a node that is computed in 8 bits, against float32. */
export interface LayerError {
  /** Name of the node. */
  readonly name: string;
  readonly op: GraphNode['op'];
  /** Signal to quantization noise: power of the float32 output over that of the difference, in dB. Infinity: no difference. */
  readonly sqnr: number;
  /** Mean of the difference, over the root mean square of the float32 output. */
  readonly bias: number;
}

/** Answers of a net in float32, and those in 8 bits. */
export interface Agreement {
  readonly images: number;
  /** Part of the images whose class is the same, 0 to 1. */
  readonly agreement: number;
  /** Parts of the images that are classified as labelled; null without labels. */
  readonly accuracy: { readonly float32: number; readonly int8: number } | null;
}

/** Images, labels and engine of an evaluation. */
export interface Measuring {
  readonly source: ImageSource;
  readonly labels: readonly number[] | undefined;
  readonly make: MakeEngine;
  readonly signal: AbortSignal | undefined;
}

/** Images whose values are compared layer by layer. */
const LAYER_IMAGES = 32;

/** Returns the class of each image: the place of its largest logit. */
export function classesOf(logits: Float32Array, images: number): number[] {
  const width = logits.length / images;
  return Array.from({ length: images }, (_, image) => {
    let best = image * width;
    for (let i = best + 1; i < (image + 1) * width; i++) if (logits[i]! > logits[best]!) best = i;
    return best - image * width;
  });
}

/** Computes the classes of all images. */
export async function classify(
  graph: InferenceGraph,
  { source, make, signal }: Measuring,
  done: (images: number) => void,
): Promise<number[]> {
  const classes: number[] = [];
  await withEngine(make, graph, false, async (engine) => {
    for await (const { values, shape } of source.batches(signal)) {
      classes.push(...classesOf((await engine.run(values, shape))[0]!, shape[0]));
      done(classes.length);
    }
  });
  return classes;
}

const share = (a: readonly number[], b: readonly number[]): number =>
  a.filter((value, i) => value === b[i]).length / a.length;

export const agreementOf = (
  float32: readonly number[],
  int8: readonly number[],
  labels: readonly number[] | undefined,
): Agreement => ({
  images: float32.length,
  agreement: share(int8, float32),
  accuracy: labels ? { float32: share(float32, labels), int8: share(int8, labels) } : null,
});

/** Sums over the values of a node's output. */
interface Sums {
  count: number;
  signal: number;
  noise: number;
  difference: number;
}

/** Adds the errors of a batch. The float32 values are copied: an engine's own are valid during a call alone. */
async function addErrors(
  sums: ReadonlyMap<string, Sums>,
  { values, shape }: Batch,
  float32: ObservedEngine,
  int8: ObservedEngine,
): Promise<void> {
  const expected = new Map<string, Float32Array>();
  await float32.run(values, shape, ({ name }, computed) => {
    if (sums.has(name)) expected.set(name, computed.slice());
  });
  await int8.run(values, shape, ({ name }: GraphValue, computed) => {
    const [sum, right] = [sums.get(name), expected.get(name)];
    if (!sum || !right) return;
    sum.count += right.length;
    for (let i = 0; i < right.length; i++) {
      const difference = computed[i]! - right[i]!;
      sum.signal += right[i]! ** 2;
      sum.noise += difference ** 2;
      sum.difference += difference;
    }
    expected.delete(name);
  });
}

/** Compares the outputs of all nodes that are computed in 8 bits with those in float32, on some of the images. */
export async function layerErrors(
  graph: InferenceGraph,
  quantized: QuantizedGraph,
  { source, make, signal }: Measuring,
): Promise<LayerError[]> {
  const nodes = quantized.nodes.filter((node) => isIntegerNode(node, quantized));
  const sums = new Map(
    nodes.map(({ output }): [string, Sums] => [output.name, { count: 0, signal: 0, noise: 0, difference: 0 }]),
  );
  await withEngine(make, graph, true, (float32) =>
    withEngine(make, quantized, true, async (int8) => {
      for await (const batch of source.batches(signal, LAYER_IMAGES)) await addErrors(sums, batch, float32, int8);
    }),
  );
  return nodes.flatMap(({ name, op, output }) => {
    const { count, signal: power, noise, difference } = sums.get(output.name)!;
    if (count === 0) return [];
    return {
      name,
      op,
      sqnr: noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(power / noise),
      bias: power === 0 ? 0 : difference / count / Math.sqrt(power / count),
    };
  });
}
