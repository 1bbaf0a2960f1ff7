/**
 * Writes docs/architectures.md and docs/architectures/ from the models, and the README's bytes from the built packages:
 * `pnpm docs:write`.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@cnnzoo/core';
import { writeSizes } from './cdn.js';
import { pages } from './pages.js';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));

await useBackend('cpu');
const files = pages();
await rm(`${docs}architectures`, { recursive: true, force: true });
for (const [path, content] of files) {
  await mkdir(dirname(`${docs}${path}`), { recursive: true });
  await writeFile(`${docs}${path}`, content);
}
await writeSizes();
console.log(`${files.size} files in docs/`);
