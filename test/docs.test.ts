// docs/architectures.md and its pages agree with the models.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@cnnzoo/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { pages } from '../tools/docs/pages.js';

const docs = fileURLToPath(new URL('../docs/', import.meta.url));

describe('docs/architectures', () => {
  let files = new Map<string, string>();

  beforeAll(async () => {
    await useBackend('cpu');
    files = pages();
  });

  it('has the generated files, and no others', () => {
    const found = readdirSync(`${docs}architectures`, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(docs.length));
    expect(['architectures.md', ...found].sort()).toEqual([...files.keys()].sort());
  });

  it('is what `pnpm docs:write` writes now', () => {
    for (const [path, content] of files) expect(readFileSync(`${docs}${path}`, 'utf8'), path).toBe(content);
  });
});
