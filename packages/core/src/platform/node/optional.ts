import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Returns the URL of a package that core does not depend on; undefined if it is not installed. Bundlers don't look for
 * it: its name is no literal at the import.
 */
export function findOptional(name: string): string | undefined {
  // In a bundle, `import.meta.url` may be undefined (CommonJS) or no file's.
  const here = import.meta.url?.startsWith('file:') ? import.meta.url : join(process.cwd(), 'package.json');
  try {
    return pathToFileURL(createRequire(here).resolve(name)).href;
  } catch {
    return undefined;
  }
}

/** Imports what `findOptional` has found. Bundlers leave the import as it is. */
export const importFound = (url: string): Promise<unknown> =>
  import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ url);
