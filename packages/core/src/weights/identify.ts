import { expectedDigits } from './expected-hash.js';
import { MODEL_KEY, WEIGHTS_KEY } from './metadata-keys.js';
import type { WeightsEntry, WeightsTable } from './registry.js';

/** The entry that a file's own metadata names. */
export function identifyByMetadata(
  metadata: Readonly<Record<string, string>>,
  model: string,
  table: WeightsTable,
): WeightsEntry | undefined {
  const name = metadata[WEIGHTS_KEY];
  return metadata[MODEL_KEY] === model && name !== undefined ? entryNamed(table, name) : undefined;
}

/** The entry whose published file has this hash. */
export function identifyByHash(sha256: string, table: WeightsTable): WeightsEntry | undefined {
  return Object.values(table).find(({ sources }) =>
    sources.some((source) => {
      const digits = expectedDigits(source);
      return digits !== undefined && sha256.startsWith(digits);
    }),
  );
}

/** Own names only: `constructor` is not an entry. */
export const entryNamed = (table: WeightsTable, name: string): WeightsEntry | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
