import { pathOf, writeFileAtomic } from '#platform';
import { beyondFloat16, encodeSafetensors, LARGEST_FLOAT16, type StateDict } from '../checkpoint/index.js';
import { CnnzooError, checkOptions, shownValue } from '../util/index.js';
import type { SaveStateDictOptions } from './save-options.js';
import type { Snapshot } from './snapshot.js';

function checkMetadata(metadata: Readonly<Record<string, string>>): void {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw new CnnzooError('INPUT', `saveStateDict: expected texts as metadata, received ${shownValue(metadata)}.`);
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== 'string')
      throw new CnnzooError(
        'INPUT',
        `saveStateDict: expected texts as metadata, received ${typeof value} for '${key}'.`,
      );
}

/** Refuses weights that would be infinite as float16. Those that are not finite stay as they are. */
function checkFloat16(state: StateDict): void {
  for (const [key, { data }] of state) {
    const beyond = beyondFloat16(data as Float32Array);
    if (beyond !== undefined)
      throw new CnnzooError(
        'INPUT',
        `The weight '${key}' has the value ${beyond}, which float16 can't hold: the largest is ${LARGEST_FLOAT16}. ` +
          "Save with dtype 'float32'.",
      );
  }
}

/** Writes copies of a net's weights as safetensors: `saveStateDict`. */
export async function saveSnapshot(
  snapshot: Snapshot,
  location: string | URL,
  options: SaveStateDictOptions,
): Promise<void> {
  checkOptions('saveStateDict', options, ['dtype', 'metadata']);
  const { dtype = 'float32', metadata = {} } = options;
  checkMetadata(metadata);
  if (dtype !== 'float32' && dtype !== 'float16' && dtype !== 'int8')
    throw new CnnzooError(
      'INPUT',
      `save: expected dtype 'float32', 'float16' or 'int8', received ${shownValue(dtype)}.`,
    );
  const path = pathOf(location);
  if (!path.endsWith('.safetensors'))
    throw new CnnzooError(
      'INPUT',
      `saveStateDict writes safetensors: expected a path that ends so, received '${path}'.`,
    );
  const state = await snapshot.read();
  if (dtype === 'float16') checkFloat16(state);
  await writeFileAtomic(path, encodeSafetensors(state, metadata, dtype === 'float32' ? {} : { dtype }));
}
