/** Registry entries of a model's weights, one by one. */
import type { ModelDefinition, WeightsEntry } from '@cnnzoo/core';

/** Returns the entries without the alias DEFAULT. */
export const entriesOf = ({ weights }: ModelDefinition): WeightsEntry[] =>
  Object.entries(weights)
    .filter(([name]) => name !== 'DEFAULT')
    .map(([, entry]) => entry);

export const defaultOf = ({ weights }: ModelDefinition): WeightsEntry | undefined => weights.DEFAULT;

/** Returns the accuracy in per cent on the data set of the entry. torchvision's entries have one data set. */
export function accuracyOf({ metrics }: WeightsEntry): { data: string; top1?: number; top5?: number } | undefined {
  const [first] = Object.entries(metrics.values);
  if (!first) return undefined;
  const [data, { 'acc@1': top1, 'acc@5': top5 }] = first;
  return { data, ...(top1 !== undefined && { top1 }), ...(top5 !== undefined && { top5 }) };
}
