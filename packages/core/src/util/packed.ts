import { CnnzooError } from './errors.js';

/** File as a module, as `tools/inline.mjs` writes it. */
export interface PackedFile {
  /** Bytes of the file: deflated (RFC 1951), in base64. */
  readonly packed: string;
}

/**
 * Returns the bytes of a file that is a module.
 *
 * @param load Imports the module.
 * @param name Name of the file, for messages.
 * @throws CnnzooError DOWNLOAD if the module can't be loaded, as after a new release of the site.
 */
export async function unpack(load: () => Promise<PackedFile>, name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { packed } = await load();
    const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    return new Uint8Array(await new Response(inflated).arrayBuffer());
  } catch (cause) {
    throw new CnnzooError(
      'DOWNLOAD',
      `'${name}' is part of the JavaScript of its package, as a chunk that is loaded late, and can't be loaded: ${cause}. ` +
        'Does the server have every file that the build made? A page that was opened before a new version was put there ' +
        'has to be opened again.',
      { cause },
    );
  }
}
