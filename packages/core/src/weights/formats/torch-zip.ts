import { copyOf } from '../../bytes.js';
import { CnnzooError } from '../../errors.js';
import type { ByteSource, TensorFile } from '../tensors.js';
import { readPickle } from './pickle.js';
import { STORED } from './stored.js';
import { findStateDict, torchHandlers } from './torch-objects.js';
import { lazyTensors, type ReadStorage } from './torch-tensors.js';
import { openZip } from './zip.js';

const PICKLE = 'data.pkl';

/** Turns each value of `size` bytes around. */
function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const out = copyOf(bytes);
  for (let at = 0; at < out.length; at += size) out.subarray(at, at + size).reverse();
  return out;
}

/** Reads what `torch.save` writes since PyTorch 1.6: a zip archive of a pickle and the storages. */
export async function openTorchZip(source: ByteSource, intact: boolean): Promise<TensorFile> {
  const zip = await openZip(source, intact);
  const pickleName = zip.names.find((name) => name === PICKLE || name.endsWith(`/${PICKLE}`));
  if (!pickleName)
    throw new CnnzooError(
      'FORMAT',
      `'${source.name}' is a zip archive without ${PICKLE}: expected what torch.save writes, received ` +
        `${zip.names.slice(0, 5).join(', ') || 'an empty one'}.`,
    );
  const folder = pickleName.slice(0, -PICKLE.length);
  if (zip.names.includes(`${folder}constants.pkl`))
    throw new CnnzooError(
      'FORMAT',
      `'${source.name}' is a TorchScript program: expected a state dict. ` +
        'Write one in Python: torch.save(torch.jit.load(path).state_dict(), other).',
    );
  const order = zip.names.includes(`${folder}byteorder`)
    ? new TextDecoder().decode(await zip.read(`${folder}byteorder`))
    : 'little';
  if (order !== 'little' && order !== 'big')
    throw new CnnzooError('FORMAT', `'${source.name}': expected byte order little or big, received '${order}'.`);

  const readStorage: ReadStorage = async ({ key, stored, count }, into) => {
    const bytes = await zip.read(`${folder}data/${key}`, into);
    const each = STORED[stored].bytes;
    if (bytes.length !== count * each)
      throw new CnnzooError(
        'FORMAT',
        `'${source.name}': expected ${count * each} bytes in storage ${key}, received ${bytes.length}.`,
      );
    return order === 'big' ? swapped(bytes, each) : bytes;
  };
  const { value } = readPickle(await zip.read(pickleName), torchHandlers(source.name), source.name);
  const tensors = lazyTensors(findStateDict(value, source.name), readStorage, source.name);
  return { format: 'torch-zip', tensors, metadata: {}, close: () => source.close() };
}
