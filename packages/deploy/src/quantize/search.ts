import { CnnzooError } from '@cnnzoo/core';
import type { InferenceGraph, QuantizedGraph } from '../graph/index.js';
import { withEngine } from './engine.js';
import { agreementOf, classify, type Measuring } from './evaluate.js';
import type { WeightedNode } from './plan.js';

/** Images by which the layers are ranked. */
const RANKING_IMAGES = 32;

/** Makes the graph in 8 bits in which some layers are left in float32. */
export type WithFloat = (names: readonly string[]) => QuantizedGraph;

async function logitsOf(graph: InferenceGraph, { source, make, signal }: Measuring): Promise<Float32Array[]> {
  const logits: Float32Array[] = [];
  await withEngine(make, graph, false, async (engine) => {
    for await (const { values, shape } of source.batches(signal, RANKING_IMAGES))
      logits.push((await engine.run(values, shape))[0]!.slice());
  });
  return logits;
}

const squaredError = (a: readonly Float32Array[], b: readonly Float32Array[]): number =>
  a.reduce((sum, batch, i) => batch.reduce((inner, value, j) => inner + (value - b[i]![j]!) ** 2, sum), 0);

/**
 * Leaves layers in float32 until as many images as wanted have the class of float32: the layers are ranked by the error of the logits when
 * they alone are in 8 bits, and left out one after the other, the largest error first.
 *
 * @param float32 the classes in float32.
 * @returns names of the layers that are left in float32.
 * @throws CnnzooError INPUT if all of them would have to be.
 */
export async function searchFloat(
  graph: InferenceGraph,
  layers: readonly WeightedNode[],
  wanted: number,
  float32: readonly number[],
  withFloat: WithFloat,
  measuring: Measuring,
  done: (steps: number, total: number) => void,
): Promise<string[]> {
  const names = layers.map(({ name }) => name);
  const agrees = async (kept: readonly string[]): Promise<boolean> =>
    agreementOf(float32, await classify(withFloat(kept), measuring, () => undefined), undefined).agreement >= wanted;
  if (await agrees([])) return [];
  const expected = await logitsOf(graph, measuring);
  const errors = new Map<string, number>();
  for (const [i, name] of names.entries()) {
    const alone = withFloat(names.filter((other) => other !== name));
    errors.set(name, squaredError(await logitsOf(alone, measuring), expected));
    done(i + 1, 2 * names.length);
  }
  const ranked = names.toSorted((a, b) => errors.get(b)! - errors.get(a)!);
  for (let count = 1; count < names.length; count++) {
    const kept = ranked.slice(0, count);
    if (await agrees(kept)) return kept;
    done(names.length + count, 2 * names.length);
  }
  throw new CnnzooError(
    'INPUT',
    `quantize: no ${wanted} of the images have the class of float32, with all but one layer in float32. Ask for less by keepFloat, or ` +
      'give more images.',
  );
}
