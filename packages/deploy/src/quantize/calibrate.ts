import { CnnzooError } from '@cnnzoo/core';
import type { GraphValue, InferenceGraph } from '../graph/index.js';
import { type MakeEngine, withEngine } from './engine.js';
import type { ImageSource } from './images.js';
import type { Plan } from './plan.js';
import { ValueStatistics } from './statistics.js';

/** Distribution of each value over the calibration images. */
export type Statistics = ReadonlyMap<GraphValue, ValueStatistics>;

/** Largest magnitude of a value that is quantized: the product of two scales stays within float32. */
const LARGEST = 2 ** 60;

/**
 * Computes a net for all images, and collects how the values that are to be quantized are distributed.
 *
 * @param needs Parts of the statistics that are needed beside the least and largest values.
 * @throws CnnzooError INPUT for a value that is not finite.
 */
export async function calibrate(
  graph: InferenceGraph,
  { groups, weighted }: Plan,
  source: ImageSource,
  needs: { readonly histogram: boolean; readonly means: boolean },
  make: MakeEngine,
  { signal, done }: { readonly signal: AbortSignal | undefined; readonly done: (images: number) => void },
): Promise<Statistics> {
  const read = new Set(weighted.map(({ inputs }) => inputs[0]));
  const statistics = new Map<GraphValue, ValueStatistics>();
  for (const value of groups.flat()) {
    const channels = needs.means && read.has(value) ? value.shape.at(-1)! : 0;
    statistics.set(value, new ValueStatistics(needs.histogram, channels));
  }
  const observe = (value: GraphValue, values: Float32Array): void => {
    const found = statistics.get(value);
    if (!found) return;
    if (found.add(values) && Math.max(found.max, -found.min) < LARGEST) return;
    throw new CnnzooError(
      'INPUT',
      `quantize: '${value.name}' of '${graph.name}' has values that are not finite, or beyond 2^60, for these images. Check the weights and ` +
        'the preprocessing of the images.',
    );
  };
  await withEngine(make, graph, true, async (engine) => {
    for await (const { values, shape, first } of source.batches(signal)) {
      // An engine may not show what it is given.
      for (const input of graph.inputs) observe(input, values);
      await engine.run(values, shape, (value, computed) => {
        if (!graph.inputs.includes(value)) observe(value, computed);
      });
      done(first + shape[0]);
    }
  });
  return statistics;
}
