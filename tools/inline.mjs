/**
 * Writes binary files of a package as text modules into src/generated/, so that no bundler, server or path setting can
 * lose them (docs/decisions/0038). Run in the package's folder; a file is named by a path, or as `require.resolve` takes
 * it: `node ../../tools/inline.mjs ./weights/lenet5.safetensors`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, extname, join } from 'node:path';
import { deflateRawSync } from 'node:zlib';

const { resolve } = createRequire(join(process.cwd(), 'package.json'));
await mkdir('src/generated', { recursive: true });
for (const name of process.argv.slice(2)) {
  const packed = deflateRawSync(await readFile(resolve(name)), { level: 9 }).toString('base64');
  await writeFile(
    join('src/generated', `${basename(name, extname(name))}.ts`),
    `// Made by tools/inline.mjs from ${name}: deflated, in base64.
export const packed: string = '${packed}';
`,
  );
}
