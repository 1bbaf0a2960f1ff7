/** Table of variants with their cost and accuracy. */
import type { ModelDefinition } from '@cnnzoo/core';
import { extents } from './diagram/node-box.js';
import { accuracyOf, defaultOf } from './entries.js';
import { type Cell, code, table } from './markdown.js';
import type { Nets } from './nets.js';

/** Returns parameters and 1e9 multiply-adds from the registry, or counted on the net if the registry has none. */
function countsOf(definition: ModelDefinition, nets: Nets): { parameters: number; giga: number } {
  const entry = defaultOf(definition);
  if (entry?.gflops !== undefined) return { parameters: entry.parameters, giga: entry.gflops };
  const { parameters, multiplyAdds } = nets.summary(definition);
  return { parameters, giga: Math.round((multiplyAdds ?? 0) / 1e6) / 1e3 };
}

export function variantTable(models: readonly ModelDefinition[], nets: Nets): string {
  const rows = models.map((definition): Cell[] => {
    const entry = defaultOf(definition);
    const accuracy = entry && accuracyOf(entry);
    const { parameters, giga } = countsOf(definition, nets);
    return [
      code(definition.name),
      extents(definition.inputShape),
      parameters,
      giga,
      entry ? code(entry.name) : 'none',
      accuracy?.top1,
      accuracy?.top5,
      accuracy && `${accuracy.data}, by ${entry.metrics.measuredBy}`,
    ];
  });
  return table(
    ['model', 'image', '>parameters', '>G multiply-adds', 'default weights', '>top-1 %', '>top-5 %', 'measured on'],
    rows,
  );
}
