import { pathOf, writeFileAtomic } from '#platform';
import { encodeSafetensors } from '../checkpoint/index.js';
import { CnnzooError, shownValue } from '../util/index.js';
import type { Snapshot } from './snapshot.js';

/** Writes copies of a net's weights as safetensors: `saveStateDict`. */
export async function saveSnapshot(
  snapshot: Snapshot,
  location: string | URL,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  if (typeof metadata !== 'object' || metadata === null)
    throw new CnnzooError('INPUT', `saveStateDict: expected texts as metadata, received ${shownValue(metadata)}.`);
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== 'string')
      throw new CnnzooError(
        'INPUT',
        `saveStateDict: expected texts as metadata, received ${typeof value} for '${key}'.`,
      );
  const path = pathOf(location);
  if (!path.endsWith('.safetensors'))
    throw new CnnzooError(
      'INPUT',
      `saveStateDict writes safetensors: expected a path that ends so, received '${path}'.`,
    );
  await writeFileAtomic(path, encodeSafetensors(await snapshot.read(), metadata));
}
