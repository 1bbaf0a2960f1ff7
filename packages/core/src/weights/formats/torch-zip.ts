import { CnnzooError } from '../../errors.js';
import type { ByteSource } from '../read-buffer.js';
import type { TensorFile } from '../tensors.js';
import { findStateDict } from './find-state-dict.js';
import { foreignArchiveOf, foreignError } from './foreign.js';
import { readPickle } from './pickle.js';
import { torchHandlers } from './torch-objects.js';
import { lazyTensors, type ReadStorage } from './torch-tensors.js';
import { openZip } from './zip.js';

const PICKLE = 'data.pkl';

/** Reads what `torch.save` writes since PyTorch 1.6: a zip archive of a pickle and the storages. */
export async function openTorchZip(source: ByteSource, intact: boolean, key?: string): Promise<TensorFile> {
  const zip = await openZip(source, intact);
  const pickleName = zip.names.find((name) => name === PICKLE || name.endsWith(`/${PICKLE}`));
  if (!pickleName) throw foreignError(source.name, foreignArchiveOf(zip.names));
  const folder = pickleName.slice(0, -PICKLE.length);
  if (zip.names.includes(`${folder}constants.pkl`))
    throw foreignError(source.name, {
      what: 'a TorchScript program',
      wayOut: 'Write its weights in Python: torch.save(torch.jit.load(path).state_dict(), other).',
    });
  const order = zip.names.includes(`${folder}byteorder`)
    ? new TextDecoder().decode(await zip.read(`${folder}byteorder`))
    : 'little';
  if (order !== 'little' && order !== 'big')
    throw new CnnzooError('FORMAT', `'${source.name}': expected byte order little or big, received '${order}'.`);

  const readStorage: ReadStorage = async ({ key, type, count }, into) => {
    const bytes = await zip.read(`${folder}data/${key}`, into);
    if (bytes.length !== count * type.bytes)
      throw new CnnzooError(
        'FORMAT',
        `'${source.name}': expected ${count * type.bytes} bytes in storage ${key}, received ${bytes.length}.`,
      );
    return bytes;
  };
  const handlers = torchHandlers(source.name);
  const { value } = readPickle(await zip.read(pickleName), handlers, source.name);
  const { tensors: refs, ...place } = findStateDict(value, source.name, key);
  const tensors = lazyTensors(refs, readStorage, source.name, order === 'big');
  return {
    format: 'torch-zip',
    tensors,
    metadata: {},
    ...place,
    inert: [...handlers.unknown],
    close: () => source.close(),
  };
}
