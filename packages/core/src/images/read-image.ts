import { CnnzooError } from '../errors.js';
import { readFile } from '../read-file.js';

/** Schemes that `fetch` knows; everything else is a path. */
const FETCHED = /^(https?|data|blob):/i;

/** A data URL's name in messages: without the data. */
const nameOf = (url: string): string => (url.length > 120 ? `${url.slice(0, 60)}…` : url);

async function fetchBytes(url: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new CnnzooError(
      'DOWNLOAD',
      `${nameOf(url)}: expected an image, but the request failed. Is the server up, and does it allow this page (CORS)?`,
      { cause },
    );
  }
  throw new CnnzooError('DOWNLOAD', `${nameOf(url)}: expected an image, received HTTP ${response.status}.`);
}

/** The bytes of an encoded image, and its name for messages. */
export async function readImage(location: string | URL): Promise<{ bytes: Uint8Array; name: string }> {
  const text = String(location);
  const bytes = FETCHED.test(text) ? await fetchBytes(text) : await readFile(text);
  return { bytes, name: nameOf(text) };
}
