import { readByteSource } from '../../src/checkpoint/read.js';
import { download } from '../../src/download/download.js';

/** Downloads and reads, as `pretrained` does. The caller closes the file. */
export async function downloadFile(...args: Parameters<typeof download>) {
  const { bytes, intact, key, ...rest } = await download(...args);
  try {
    return { file: await readByteSource(bytes, { intact, key }), ...rest };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}
