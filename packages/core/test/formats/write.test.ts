import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CnnzooError, encodeSafetensors, openTensors, readStateDict, type StateDict } from '../../src/index.js';
import { crc32 as browserCrc32 } from '../../src/platform/browser/hash.js';
import { writeFileAtomic } from '../../src/platform/node/files.js';
import { expectState, fixture, fixturePath } from './fixtures.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
afterAll(() => rmSync(directory, { recursive: true }));

const join_ = (chunks: Iterable<Uint8Array>): Buffer => Buffer.concat([...chunks]);

describe('encodeSafetensors', () => {
  it.each(['net', 'types'])('%s comes back as it was', async (name) => {
    const state = await readStateDict(fixturePath(`${name}.zip.pth`));
    expectState(await readStateDict(join_(encodeSafetensors(state))), name);
  });

  it.each(['net', 'written'])('gives the bytes that the Python package gives for %s', async (name) => {
    const bytes = fixture(`${name}.safetensors`);
    const { metadata } = await openTensors(bytes);
    // In another order than the file's, which is the writer's to find.
    const state = new Map([...(await readStateDict(bytes))].reverse());
    expect(join_(encodeSafetensors(state, metadata)).equals(Buffer.from(bytes))).toBe(true);
  });

  it('gives the halves that torch gives', async () => {
    const state = await readStateDict(fixturePath('floats.safetensors'));
    const halves = join_(encodeSafetensors(state, {}, { dtype: 'float16' }));
    expect(halves.equals(Buffer.from(fixture('halves.safetensors')))).toBe(true);
  });

  it('refuses what would not be read back', () => {
    const state = (shape: number[]): StateDict =>
      new Map([['a', { shape, dtype: 'float32', data: new Float32Array(2) }]]);
    expect(() => join_(encodeSafetensors(state([3])))).toThrow(/'a': expected 3 values/);
    expect(() => join_(encodeSafetensors(state([0.5, 4])))).toThrow(CnnzooError);
    expect(() => join_(encodeSafetensors(state([2]), { epoch: 3 } as never))).toThrow(/'epoch': expected a string/);
  });

  it('escapes names and metadata, and orders types, as the Python package does', async () => {
    const bytes = fixture('written.safetensors');
    const state = await readStateDict(bytes);
    expect(join_(encodeSafetensors(state, { ключ: 'a "value"\t' })).equals(Buffer.from(bytes))).toBe(true);
  });

  it('narrows as PyTorch does', async () => {
    const state = await readStateDict(fixturePath('floats.safetensors'));
    const halves = join_(encodeSafetensors(state, {}, { dtype: 'float16' }));
    expect(await readStateDict(halves)).toEqual(await readStateDict(fixturePath('halves.safetensors')));
  });

  it('narrows floats to halves where asked, and nothing else', async () => {
    const state: StateDict = new Map([
      ['weight', { shape: [2], dtype: 'float32', data: Float32Array.of(1, 1 / 3) }],
      ['count', { shape: [], dtype: 'int64', data: BigInt64Array.of(3n) }],
    ]);
    const bytes = join_(encodeSafetensors(state, {}, { dtype: 'float16' }));
    const file = await openTensors(bytes);
    expect(file.tensors.get('weight')!.stored).toBe('F16');
    expect([...((await file.tensors.get('weight')!.read()).data as Float32Array)]).toEqual([1, 0.333251953125]);
    expect([...((await file.tensors.get('count')!.read()).data as BigInt64Array)]).toEqual([3n]);
  });

  it('keeps the key __metadata__ for itself', () => {
    const state: StateDict = new Map([['__metadata__', { shape: [0], dtype: 'float32', data: new Float32Array(0) }]]);
    expect(() => join_(encodeSafetensors(state))).toThrow(CnnzooError);
  });
});

describe('writeFileAtomic', () => {
  const text = (content: string) => new TextEncoder().encode(content);

  it('makes directories, replaces whole, leaves nothing beside it', async () => {
    const path = join(directory, 'a/b/file.bin');
    await writeFileAtomic(path, [text('one')]);
    await writeFileAtomic(path, [text('tw'), text('o')]);
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(join(directory, 'a/b'))).toEqual(['file.bin']);
  });

  it('leaves the old file where the source fails half-way', async () => {
    const path = join(directory, 'kept.bin');
    await writeFileAtomic(path, [text('old')]);
    const failing = (function* () {
      yield text('ne');
      throw new Error('no more');
    })();
    await expect(writeFileAtomic(path, failing)).rejects.toThrow(/no more/);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(directory).filter((name) => name.includes('kept'))).toEqual(['kept.bin']);
  });

  it('names a full disk, and leaves nothing', async (context) => {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      context.skip('needs the right to mount a small file system');
    }
    try {
      const path = join(disk, 'file.bin');
      await writeFileAtomic(path, [text('old')]);
      await expect(writeFileAtomic(path, [new Uint8Array(200_000)])).rejects.toThrow(/the disk is full/);
      expect(readdirSync(disk)).toEqual(['file.bin']);
      expect(readFileSync(path, 'utf8')).toBe('old');
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it('refuses a directory in the place of the file, and a file in the place of a directory', async () => {
    mkdirSync(join(directory, 'folder'));
    await expect(writeFileAtomic(join(directory, 'folder'), [text('x')])).rejects.toThrow(/it is a directory/);
    writeFileSync(join(directory, 'plain'), 'x');
    await expect(writeFileAtomic(join(directory, 'plain/file'), [text('x')])).rejects.toThrow(CnnzooError);
    expect(readFileSync(join(directory, 'plain'), 'utf8')).toBe('x');
  });

  it.skipIf(process.getuid?.() === 0)('says where permission is missing (root has it everywhere)', async () => {
    mkdirSync(join(directory, 'closed'));
    chmodSync(join(directory, 'closed'), 0o500);
    await expect(writeFileAtomic(join(directory, 'closed/file'), [text('x')])).rejects.toThrow(/permission is denied/);
  });
});

it('the CRC-32 of browsers is that of zlib', async () => {
  const { crc32 } = await import('node:zlib');
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7919) >> 3);
  for (let start = 0; start < 9; start++)
    for (let end = start; end < 40; end++)
      expect(browserCrc32(bytes.subarray(start, end))).toBe(crc32(bytes.subarray(start, end)));
  expect(browserCrc32(bytes)).toBe(crc32(bytes));
});
