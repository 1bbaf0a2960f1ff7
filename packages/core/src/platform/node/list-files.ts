import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { fileError } from './files.js';

/** Each file below a directory, as a path from there with slashes; links are followed, except back to where they are. */
export async function listFiles(directory: string): Promise<string[]> {
  const found: string[] = [];
  async function walk(relative: string, above: readonly string[]): Promise<void> {
    const path = join(directory, relative);
    const place = await fs.realpath(path);
    if (above.includes(place)) return;
    for (const { name } of await fs.readdir(path, { withFileTypes: true })) {
      const child = relative ? `${relative}/${name}` : name;
      if ((await fs.stat(join(directory, child))).isDirectory()) await walk(child, [...above, place]);
      else found.push(child);
    }
  }
  try {
    await walk('', []);
  } catch (cause) {
    throw fileError('list', (cause as { path?: string }).path ?? directory, cause);
  }
  return found;
}
