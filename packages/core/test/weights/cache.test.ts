// The cache removes what it wrote and nothing else, and is put out by nothing that lies in its place.
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { clearCache, listCache, verifyCache } from '../../src/download/cache-api.js';
import { openStore } from '../../src/platform/node/file-store.js';
import type { CacheRecord, SkippedFile } from '../../src/platform/store.js';
import { sha256, synthetic } from './checkpoint.js';
import { downloadFile } from './download-file.js';
import { contents, entryOf, pathOf, published, QUICK, useFixture } from './fixture.js';
import { serveFile } from './server.js';

const fixture = useFixture();
const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
afterEach(() => warnings.mockClear());

const bytes = synthetic(4000);

/** Puts an entry of ours into the cache. */
async function obtain(name = 'V1', model = 'net') {
  const { server } = fixture;
  const file = synthetic(4000, name.length + model.length);
  const source = published(server.url, file, `${model}${name}`);
  server.routes.set(pathOf(source), serveFile(file));
  const { file: opened, ...rest } = await downloadFile({ model, name, sources: [source] }, {}, QUICK);
  await opened.close();
  return rest;
}

/** Writes a file into the cache's place. */
async function put(path: string, content: string | Uint8Array): Promise<string> {
  const whole = join(fixture.cache, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, content);
  return whole;
}

const ORIGIN = JSON.stringify({ url: 'https://publisher.invalid/net.pth', validator: '"v1"', total: 10 });

const recordText = (change: Partial<Record<keyof CacheRecord, unknown>> = {}): string =>
  JSON.stringify({
    format: 1,
    model: 'net',
    weights: 'V1',
    file: 'net-0123abcd.safetensors',
    bytes: 3,
    sha256: 'a'.repeat(64),
    source: 'https://publisher.invalid/net.pth',
    verified: true,
    when: '2026-01-01T00:00:00.000Z',
    ...change,
  });

async function clear(filter = {}): Promise<SkippedFile[]> {
  const skipped: SkippedFile[] = [];
  await clearCache(filter, { onSkipped: (file) => void skipped.push(file) });
  return skipped;
}

describe('clearing', () => {
  it("leaves other people's .part files, wherever they are", async () => {
    await obtain();
    const theirs = {
      'net/movie.part': 'theirs',
      'net/note.part': 'theirs',
      'net/note.part-origin': 'not ours',
      'net/empty.part-origin': '{}',
      'net/deep/archive.part': 'theirs',
      'net/deep/archive.part-origin': ORIGIN,
      'movie.part': 'theirs',
      'movie.part-origin': ORIGIN,
      '.git/x.part': 'theirs',
      '.git/x.part-origin': ORIGIN,
    };
    for (const [path, content] of Object.entries(theirs)) await put(path, content);
    const skipped = await clear();
    expect(Object.keys(await contents(fixture.cache)).sort()).toEqual(Object.keys(theirs).sort());
    expect(skipped.map(({ path }) => path.slice(fixture.cache.length + 1)).sort()).toEqual([
      'net/empty.part-origin',
      'net/movie.part',
      'net/note.part',
      'net/note.part-origin',
    ]);
  });

  it('follows no link, and removes none', async () => {
    await obtain();
    const outside = join(fixture.directory, 'outside');
    await mkdir(outside);
    for (const [name, content] of [
      ['x.part', 'theirs'],
      ['x.part-origin', ORIGIN],
      ['V1.json', recordText({ model: 'linked' })],
      ['net-0123abcd.safetensors', 'theirs'],
    ] as const)
      await writeFile(join(outside, name), content);
    const before = await contents(outside);
    await symlink(outside, join(fixture.cache, 'linked'));
    await symlink(join(outside, 'x.part'), join(fixture.cache, 'net', 'x.part'));
    await symlink(join(outside, 'x.part-origin'), join(fixture.cache, 'net', 'x.part-origin'));
    await clear();
    expect(await contents(outside)).toEqual(before);
    expect((await readdir(join(fixture.cache, 'net'))).sort()).toEqual(['x.part', 'x.part-origin']);
    expect(await listCache()).toEqual([]);
  });

  it('leaves a link or a directory in the place of the kept file', async () => {
    for (const kind of ['link', 'directory'] as const) {
      const { from } = await obtain();
      const { path } = (await listCache())[0]!;
      const moved = join(fixture.directory, 'moved');
      await rename(path, moved);
      if (kind === 'link') await symlink(moved, path);
      else await mkdir(path);
      expect(from).toContain('http');
      expect(await clear()).toMatchObject([{ path }]);
      expect(await readdir(join(fixture.cache, 'net'))).toHaveLength(1);
      expect((await readFile(moved)).length).toBeGreaterThan(4000);
      await rm(path, { recursive: true });
    }
  });

  it('removes nothing by a record that lies in the place of another', async () => {
    await obtain('V1', 'net');
    await put('other/V1.json', recordText({ model: 'net', file: 'photo.jpg' }));
    await put('net/photo.jpg', 'theirs');
    await put('other/photo.jpg', 'theirs');
    await clear();
    expect(Object.keys(await contents(fixture.cache)).sort()).toEqual([
      'net/photo.jpg',
      'other/V1.json',
      'other/photo.jpg',
    ]);
  });

  it('removes all that a stopped process of ours left', async () => {
    await obtain();
    const { file } = JSON.parse(await readFile(join(fixture.cache, 'net', 'V1.json'), 'utf8'));
    const kept = await contents(fixture.cache);
    await put('net/V2.part', 'half');
    await put('net/V2.part-origin', ORIGIN);
    await put('net/V3.part-origin', ORIGIN);
    await put('net/V2%20turned.part', 'half a copy');
    await put('net/V2%20turned.part-origin', ORIGIN);
    await put('net/.V4.json.0123456789ab.tmp', recordText({ weights: 'V4' }));
    await put('net/.V5.json.0123456789ab.tmp', '');
    // Stopped after the file was put in its place and before its record was; V1's own is named as well.
    await put('net/V6-0123abcd.tfjs.safetensors', 'whole');
    await put(
      'net/V6%20turned.part-origin',
      JSON.stringify({ ...JSON.parse(ORIGIN), files: ['V6-0123abcd.tfjs.safetensors', file] }),
    );
    await put('net/.V7.json.0123456789ab.tmp', 'theirs');
    for (const weights of ['V2', 'V3', 'V4', 'V5', 'V6', 'V7']) expect(await clear({ weights })).toEqual([]);
    expect(await contents(fixture.cache)).toEqual({
      ...kept,
      'net/.V7.json.0123456789ab.tmp': sha256(Buffer.from('theirs')),
    });
  });

  it('never touches what a process is working on', async () => {
    await obtain();
    const store = await openStore();
    await store.exclusively('net', 'V1', undefined, async () => {
      const [part, copy] = [await store.part('net', 'V1'), await store.part('net', 'V1 turned')];
      for (const each of [part, copy]) {
        await each.restart(JSON.parse(ORIGIN));
        await each.append(bytes);
      }
      const before = await contents(fixture.cache);
      const skipped = await clear();
      expect(skipped.map(({ path }) => path)).toEqual([
        join(fixture.cache, 'net', 'V1%20turned'),
        join(fixture.cache, 'net', 'V1'),
      ]);
      expect(await contents(fixture.cache)).toEqual(before);
      await part.suspend();
      await copy.suspend();
    });
    expect(await clear()).toEqual([]);
    expect(await contents(fixture.cache)).toEqual({});
  });

  it('refuses a filter that is misspelled: it would clear all', async () => {
    await obtain();
    await expect(clearCache({ modle: 'other' } as object)).rejects.toMatchObject({ code: 'INPUT' });
    await expect(clearCache({ model: 5 } as object)).rejects.toMatchObject({ code: 'INPUT' });
    expect(await listCache()).toHaveLength(1);
  });

  it('names what it leaves by a warning, where nobody listens', async () => {
    const path = await put('net/movie.part', 'theirs');
    await clearCache();
    expect(warnings.mock.calls[0]![0]).toContain(path);
  });
});

const GARBAGE: Record<string, string | Uint8Array> = {
  empty: '',
  'half a record': recordText().slice(0, 50),
  null: 'null',
  'a list': '[]',
  'a number': '1',
  'another format': recordText({ format: 2 }),
  'a number for a name': recordText({ model: 5 }),
  'a lone surrogate': recordText({ model: 'net\ud800' }),
  'a file above': recordText({ file: '../V1.json' }),
  'a file elsewhere': recordText({ file: 'a\\b' }),
  'a directory as its file': recordText({ file: '..' }),
  'a file of no name': recordText({ file: 'a\0b' }),
  'another record as its file': recordText({ file: 'V1.json' }),
  'no hash': recordText({ sha256: '' }),
  'half a hash': recordText({ sha256: 'ab' }),
  'a word for a hash': recordText({ sha256: 'x'.repeat(64) }),
  'half bytes': recordText({ bytes: 1.5 }),
  'fewer bytes than none': recordText({ bytes: -1 }),
  'bytes as text': recordText({ bytes: '3' }),
  'yes for true': recordText({ verified: 'yes' }),
  'a wrong hash of the fetched file': recordText({ fetched: 'x' }),
  'UTF-16': Buffer.from(recordText(), 'utf16le'),
  'no text': Uint8Array.of(0xff, 0xfe, 0x00, 0xd8),
  'far too much': `${recordText()}${' '.repeat(2 ** 17)}`,
};

describe.each(Object.entries(GARBAGE))('a record of %s', (_, content) => {
  it('is named and left alone by list, verify and clear, and is fetched anew', async () => {
    await obtain('GOOD');
    const path = await put('net/V1.json', content);
    for (const run of [listCache, verifyCache, () => clear({ weights: 'V1' })]) {
      const skipped: SkippedFile[] = [];
      const found = await run({ onSkipped: (file: SkippedFile) => void skipped.push(file) });
      if (run === listCache || run === verifyCache) {
        expect(found).toMatchObject([{ weights: 'GOOD' }]);
        expect(skipped).toEqual([{ path, reason: 'it is no record of the cache' }]);
      } else expect(found).toEqual([{ path, reason: 'it is no record of the cache' }]);
    }
    expect(await readFile(path)).toEqual(Buffer.from(content));
    expect(await obtain()).toMatchObject({ verified: true });
    expect(await verifyCache()).toMatchObject([{ ok: true }, { ok: true }]);
  });
});

describe('in the place of a file of the cache', () => {
  it('directories and pipes are named and left alone', async () => {
    await obtain('GOOD');
    for (const name of ['x.json', 'x.part', 'x.part-origin', '.x.json.0123456789ab.tmp'])
      await mkdir(join(fixture.cache, 'net', name), { recursive: true });
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(fixture.cache, 'net', 'pipe.json')]);
    expect(await listCache({ onSkipped: () => undefined })).toHaveLength(1);
    expect(await verifyCache({ onSkipped: () => undefined })).toMatchObject([{ ok: true }]);
    const skipped = (await clear()).map(({ path }) => path.slice(fixture.cache.length + 5));
    expect(skipped).toEqual(expect.arrayContaining(['x.json', 'x.part', 'x.part-origin']));
    expect(await readdir(join(fixture.cache, 'net'))).toHaveLength(process.platform === 'win32' ? 4 : 5);
  });

  it('of the kept file, a directory is damage that verify tells', async () => {
    await obtain();
    const { path } = (await listCache())[0]!;
    await rm(path);
    await mkdir(path);
    expect(await verifyCache()).toMatchObject([{ ok: false, reason: expect.stringContaining('directory') }]);
  });
});

describe('a record', () => {
  it('counts for its own entry only', async () => {
    await obtain('V1');
    const { cache, server } = fixture;
    await writeFile(join(cache, 'net', 'V2.json'), await readFile(join(cache, 'net', 'V1.json')));
    const before = server.seen.length;
    expect(await obtain('V2')).toMatchObject({ from: expect.stringContaining('http') });
    expect(server.seen.length).toBe(before + 1);
  });
});

describe('a partial download', () => {
  it.each([
    ['garbage', 'garbage'],
    ['no list', '[]'],
    ['a negative size', JSON.stringify({ url: 'URL', validator: '"v1"', total: -4 })],
    ['a validator of another type', JSON.stringify({ url: 'URL', validator: 5, total: null })],
  ])('whose note is %s is begun anew', async (_, note) => {
    const { server } = fixture;
    const source = published(server.url, bytes);
    server.routes.set(pathOf(source), serveFile(bytes));
    await put('net/V1.part', bytes.subarray(0, 100));
    await put('net/V1.part-origin', note.replace('URL', source.url));
    const { file } = await downloadFile(entryOf(source), {}, QUICK);
    await file.close();
    expect(server.seen.map(({ headers }) => headers.range)).toEqual([undefined]);
  });
});

describe('the place of the cache', () => {
  it('may be any directory: one level of it is looked at', async () => {
    process.env.CNNZOO_CACHE = '/';
    await listCache({ onSkipped: () => undefined });
    process.env.CNNZOO_CACHE = fixture.cache;
    await put('a/b/V1.json', recordText());
    await symlink('.', join(fixture.cache, 'a', 'again'));
    expect(await listCache()).toEqual([]);
  });

  it('may be a file: URL, and no other', async () => {
    await obtain();
    process.env.CNNZOO_CACHE = `file://${fixture.cache}`;
    expect(await listCache()).toHaveLength(1);
    for (const url of ['https://example.test/cache', 'file://host/cache', 's3://bucket']) {
      process.env.CNNZOO_CACHE = url;
      await expect(listCache()).rejects.toMatchObject({ code: 'FILE' });
    }
  });
});

describe('without a home directory', () => {
  // Of a user who is in no list, as in a container, os.homedir throws.
  it.each([
    ['none', () => vi.doMock('env-paths', () => ({ default: () => expect.unreachable('no such user') }))],
    ['one that is no place', () => vi.doMock('env-paths', () => ({ default: () => ({ cache: '.cache/cnnzoo' }) }))],
  ])('(%s) the error names CNNZOO_CACHE, and that helps', async (_, mock) => {
    delete process.env.CNNZOO_CACHE;
    mock();
    try {
      const source = published(fixture.server.url, bytes);
      for (const run of [listCache, clearCache, () => downloadFile(entryOf(source), {}, QUICK)])
        await expect(run()).rejects.toMatchObject({
          code: 'FILE',
          message: expect.stringMatching(/home directory.*Set CNNZOO_CACHE/),
        });
      process.env.CNNZOO_CACHE = fixture.cache;
      expect(await obtain()).toMatchObject({ verified: true });
    } finally {
      vi.doUnmock('env-paths');
    }
  });

  it.runIf(process.platform === 'linux')('(one that can not be written to) it does so too', async () => {
    const source = published(fixture.server.url, bytes);
    for (const home of ['/dev/null', '/proc/nobody']) {
      process.env.CNNZOO_CACHE = join(home, '.cache');
      await expect(downloadFile(entryOf(source), {}, QUICK)).rejects.toMatchObject({
        code: 'FILE',
        message: expect.stringContaining('CNNZOO_CACHE'),
      });
    }
    expect(fixture.server.seen).toEqual([]);
  });
});

it('a name with a lone surrogate is refused, not a fault of ours', async () => {
  const source = published(fixture.server.url, bytes);
  for (const change of [{ model: 'net\ud800' }, { name: '\udfff' }])
    await expect(downloadFile({ ...entryOf(source), ...change }, {}, QUICK)).rejects.toMatchObject({ code: 'INPUT' });
});
