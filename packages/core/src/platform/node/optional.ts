import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Returns the URL of a package that core does not depend on; undefined if it is not installed. Bundlers don't look for
 * it: its name is no literal at the import.
 */
export function findOptional(name: string): string | undefined {
  // In a bundle, `import.meta.url` may be undefined (CommonJS) or no file's.
  const here = import.meta.url?.startsWith('file:') ? import.meta.url : program();
  return findFrom(here, name);
}

/** Stands for the program, whose packages core may not see. */
const program = (): string => join(process.cwd(), 'package.json');

function findFrom(place: string, name: string): string | undefined {
  try {
    return pathToFileURL(createRequire(place).resolve(name)).href;
  } catch {
    return undefined;
  }
}

/** Imports what `findOptional` has found. Bundlers leave the import as it is. */
export const importFound = (url: string): Promise<unknown> =>
  import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ url);

/** Imports a package of the program's if it is installed. Members of a CommonJS module are among those of the result. */
export async function importInstalled(name: string): Promise<object | undefined> {
  const found = findFrom(program(), name) ?? findOptional(name);
  if (found === undefined) return undefined;
  const members = (await importFound(found)) as { default?: object };
  return { ...members.default, ...members };
}
