import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ImageFile, runJob, serve } from '../../src/data/pipeline/job.js';
import { imageFolder } from '../../src/data.js';
import { CnnzooError } from '../../src/util/errors.js';
import { fixture } from '../images/goldens.js';

// Stands for a program whose bundle lacks the codecs' chunks.
const codecs = vi.hoisted(() => ({ missing: true }));
vi.mock('../../src/platform/wasm.js', async (original) => {
  const wasm = await original<typeof import('../../src/platform/wasm.js')>();
  return {
    ...wasm,
    loadCodecWasm: async (format: 'JPEG' | 'WebP') => {
      if (codecs.missing) throw new Error('no such chunk');
      return wasm.loadCodecWasm(format);
    },
  };
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnnzoo-missing-'));
  for (const [label, name] of [
    ['cat', '444.jpg'],
    ['dog', 'rgb.webp'],
  ] as const) {
    await mkdir(join(folder, label));
    await writeFile(join(folder, label, name), fixture(name));
  }
});
afterAll(() => rm(folder, { recursive: true }));

describe('where a decoder is missing', () => {
  it('imageFolder stops, and leaves no image out', async () => {
    for (const corrupt of ['skip', 'throw'] as const)
      await expect(imageFolder(folder, { workers: 0, corrupt })).rejects.toMatchObject({
        name: 'CnnzooError',
        code: 'BACKEND',
        message: expect.stringMatching(/decoder can't start: no such chunk. No image is at fault/),
      });
    codecs.missing = false;
    expect((await imageFolder(folder, { workers: 0 })).train.size).toBe(2);
  });

  const files: ImageFile[] = ['a.jpg', 'b.jpg', 'c.jpg'].map((name) => ({ name, source: name }));
  const failing = (code: ConstructorParameters<typeof CnnzooError>[0]) => async (file: ImageFile) => {
    if (file.name === 'b.jpg') throw new CnnzooError(code, `${file.name}: no`);
    return { data: new Uint8Array(1), width: 1, height: 1, channels: 1 as const };
  };

  it('a check of files names those that are at fault, and stops at every other error', async () => {
    for (const code of ['IMAGE', 'FILE'] as const)
      expect(await runJob({ kind: 'check', files }, failing(code))).toEqual({
        failures: [[1, { code, message: 'b.jpg: no' }]],
      });
    for (const code of ['BACKEND', 'INPUT', 'ABORTED', 'DOWNLOAD'] as const)
      await expect(runJob({ kind: 'check', files }, failing(code))).rejects.toMatchObject({ code });
    await expect(
      runJob({ kind: 'check', files }, () => Promise.reject(new TypeError('import failed'))),
    ).rejects.toThrow('import failed');
  });

  it('a worker says so too', async () => {
    const post = vi.fn();
    await serve({ kind: 'check', files }, failing('BACKEND'), post);
    expect(post.mock.calls).toEqual([[{ failure: { code: 'BACKEND', message: 'b.jpg: no' } }, []]]);
  });
});
