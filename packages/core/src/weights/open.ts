import { openPath } from '#platform';
import { isArrayBuffer, isBlob, isBytes, isUrl } from '../bytes.js';
import { CnnzooError } from '../errors.js';
import { blobSource, bytesSource } from './formats/bytes.js';
import { memoryTensors } from './formats/memory.js';
import { isSafetensors, openSafetensors } from './formats/safetensors.js';
import { isTorchLegacy, openTorchLegacy } from './formats/torch-legacy.js';
import { openTorchZip } from './formats/torch-zip.js';
import { isZip } from './formats/zip.js';
import type { ByteSource, StateDict, StateTensor, TensorFile, WeightsSource } from './tensors.js';
import { openTurned } from './turned.js';

const isRemote = (text: string): boolean => /^(https?|blob|data):/.test(text);

async function fetchSource(url: string): Promise<ByteSource> {
  const failed = (cause: unknown): never => {
    throw new CnnzooError('DOWNLOAD', `Can't fetch '${url}': ${cause}. Check the address and the connection.`, {
      cause,
    });
  };
  const response = await fetch(url).catch(failed);
  if (!response.ok) throw new CnnzooError('DOWNLOAD', `Can't fetch '${url}': the server answered ${response.status}.`);
  return bytesSource(new Uint8Array(await response.arrayBuffer().catch(failed)), url);
}

/** The bytes behind a path, URL, buffer or Blob; undefined where the values are in memory as they are. */
export async function sourceOf(source: WeightsSource): Promise<ByteSource | undefined> {
  if (typeof source === 'string' || isUrl(source)) {
    const text = String(source);
    return isRemote(text) ? fetchSource(text) : openPath(source);
  }
  if (isBytes(source)) return bytesSource(source, 'the bytes');
  if (isArrayBuffer(source)) return bytesSource(new Uint8Array(source), 'the bytes');
  if (isBlob(source)) return blobSource(source, (source as { name?: string }).name ?? 'the blob');
  return undefined;
}

/**
 * Opens a checkpoint of any format, told apart by its content. Closing the result closes the source. `intact` says that
 * its hash was found right, so that checksums inside it need not be.
 */
export async function openTensorSource(source: ByteSource, intact = false): Promise<TensorFile> {
  const start = await source.read(0, Math.min(source.size, 64));
  if (isZip(start)) return openTorchZip(source, intact);
  if (isTorchLegacy(start)) return openTorchLegacy(source);
  if (isSafetensors(start, source.size)) return openTurned(await openSafetensors(source));
  throw unknownFormat(source.name, start);
}

function unknownFormat(name: string, start: Uint8Array): CnnzooError {
  const text = new TextDecoder('latin1').decode(start);
  const guess = /^\s*<(!doctype|html)/i.test(text)
    ? 'a web page: the server answered with something else'
    : text.startsWith('version https://git-lfs')
      ? 'a pointer of git-lfs: the file itself was not fetched'
      : start.length === 0
        ? 'an empty file'
        : `bytes that begin ${[...start.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
  return new CnnzooError(
    'FORMAT',
    `'${name}' is no checkpoint that can be read, or a damaged one: expected safetensors or what torch.save writes, ` +
      `received ${guess}.`,
  );
}

/** Opens what weights can come from. */
export async function openTensors(source: WeightsSource): Promise<TensorFile> {
  const bytes = await sourceOf(source);
  if (!bytes) return memoryTensors(source as StateDict | Readonly<Record<string, StateTensor>>);
  try {
    return await openTensorSource(bytes);
  } catch (error) {
    await bytes.close();
    throw error;
  }
}
