import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { listCache } from '../../src/download/cache-api.js';
import type { Source } from '../../src/download/downloaded.js';
import { MIRROR_INDEX, type MirrorIndex, mirrorPath } from '../../src/download/mirror-layout.js';
import type { ProgressState } from '../../src/download/transfer.js';
import { sha256, synthetic } from './checkpoint.js';
import { downloadFile } from './download-file.js';
import { contents, entryOf, pathOf, published, QUICK, useFixture } from './fixture.js';
import { serveFile } from './server.js';

const fixture = useFixture();
const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
afterEach(() => warnings.mockClear());

const bytes = synthetic(40_000);

async function obtain(sources: readonly Source[], fetch?: typeof globalThis.fetch) {
  const progress = ({ loaded }: ProgressState) => fixture.server.arrived(loaded);
  const { file, ...rest } = await downloadFile(entryOf(...sources), { fetch, progress }, QUICK);
  await file.close();
  return rest;
}

describe('the hub', () => {
  const RESOLVE = '/timm/net.tv_in1k/resolve/main/model.safetensors';
  const RAW = '/timm/net.tv_in1k/raw/main/model.safetensors';
  const CDN = '/cdn/model?signature=x';

  /** A hub that redirects to its store, with or without the hash in a header and in a pointer file. */
  function hub({ header, pointer }: { header?: string; pointer?: string }, file = serveFile(bytes)): Source {
    const { server } = fixture;
    server.routes.set(RESOLVE, (_, response) => {
      response.writeHead(302, { location: CDN, ...(header && { 'x-linked-etag': `"${header}"` }) }).end();
    });
    if (pointer) {
      const text = `version https://git-lfs.github.com/spec/v1\noid sha256:${pointer}\nsize ${bytes.length}\n`;
      server.routes.set(RAW, (_, response) => response.end(text));
    }
    server.routes.set(CDN, file);
    return { kind: 'hub', url: server.url + RESOLVE };
  }

  it('vouches for the hash in its redirect', async () => {
    const source = hub({ header: sha256(bytes) });
    expect(await obtain([source])).toMatchObject({ from: source.url, verified: true });
    expect(fixture.server.seen.map(({ path }) => path)).toEqual([RESOLVE, CDN]);
    const [entry] = await listCache();
    expect(entry).toMatchObject({ verified: true, sha256: sha256(bytes), source: source.url });
    expect(entry!.path).toMatch(/V1-[0-9a-f]{8}\.safetensors$/);
    expect(warnings).not.toHaveBeenCalled();
  });

  it('vouches for it in the pointer file where redirects can not be seen, as in a browser', async () => {
    const source = hub({ header: sha256(bytes), pointer: sha256(bytes) });
    const fetch: typeof globalThis.fetch = async (input, init) => {
      if (init?.redirect !== 'manual') return globalThis.fetch(input, init);
      // No constructor makes a response of this type.
      return { type: 'opaqueredirect', status: 0, headers: new Headers(), body: null } as Response;
    };
    expect(await obtain([source], fetch)).toMatchObject({ verified: true });
    expect(fixture.server.seen.map(({ path }) => path)).toEqual([RESOLVE, CDN, RAW]);
  });

  it('is reported as unverified where it gives no hash, each time', async () => {
    const source = hub({});
    expect(await obtain([source])).toMatchObject({ verified: false, sha256: sha256(bytes) });
    expect(await obtain([source])).toMatchObject({ verified: false, sha256: sha256(bytes) });
    expect(await listCache()).toMatchObject([{ verified: false }]);
    // The same message is said once in a process.
    expect(warnings).toHaveBeenCalledOnce();
    expect(warnings.mock.calls[0]![0]).toMatch(/unverified \(sha256 [0-9a-f]{64}\)/);
  });

  it.each([
    ['redirect', { header: 'a'.repeat(64) }],
    ['pointer file', { pointer: 'a'.repeat(64) }],
  ])('is refused where the %s names another hash', async (_, hashes) => {
    await expect(obtain([hub(hashes)])).rejects.toMatchObject({ code: 'HASH' });
    expect(await contents(fixture.cache)).toEqual({});
  });

  it('goes on where the connection broke, through a new redirect', async () => {
    const source = hub({ header: sha256(bytes) }, serveFile(bytes, { cuts: [12_345] }));
    expect(await obtain([source])).toMatchObject({ verified: true });
    expect(fixture.server.asked(CDN).map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=12345-']);
  });

  it("takes over where a browser can not read the publisher's answer", async () => {
    const source = hub({ header: sha256(bytes) });
    const publisher = published('https://publisher.invalid', bytes);
    const fetch: typeof globalThis.fetch = async (input, init) => {
      // What a browser says of an answer without Access-Control-Allow-Origin.
      if (String(input).startsWith('https://publisher')) throw new TypeError('Failed to fetch');
      return globalThis.fetch(input, init);
    };
    expect(await obtain([publisher, source], fetch)).toMatchObject({ from: source.url, verified: true });
  });
});

describe('CNNZOO_MIRROR', () => {
  const path = mirrorPath('net', 'V1');
  const index = (hash = sha256(bytes)): MirrorIndex => ({
    format: 1,
    files: { [path]: { sha256: hash, bytes: bytes.length, model: 'net', weights: 'V1' } },
  });

  async function onDisk(directory: string, content: MirrorIndex): Promise<string> {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, MIRROR_INDEX), JSON.stringify(content));
    await writeFile(join(directory, path), bytes);
    return directory;
  }

  function onServer(content: MirrorIndex, prefix = '/zoo/'): string {
    const { server } = fixture;
    server.routes.set(prefix + MIRROR_INDEX, (_, response) => response.end(JSON.stringify(content)));
    server.routes.set(prefix + path, serveFile(bytes));
    return server.url + prefix;
  }

  it('as a URL comes before the publisher, with and without a slash at its end', async () => {
    const { server } = fixture;
    process.env.CNNZOO_MIRROR = onServer(index()).slice(0, -1);
    const publisher = published(server.url, bytes);
    expect(await obtain([publisher])).toMatchObject({ verified: true, from: process.env.CNNZOO_MIRROR });
    expect(server.seen.map((seen) => seen.path)).toEqual(['/zoo/index.json', `/zoo/${path}`]);
  });

  it.each(['path', 'file: URL'])('as a %s is copied into the cache', async (kind) => {
    const mirror = await onDisk(join(fixture.directory, 'mirror'), index());
    process.env.CNNZOO_MIRROR = kind === 'path' ? mirror : `file://${mirror}`;
    expect(await obtain([])).toMatchObject({ verified: true });
    process.env.CNNZOO_MIRROR = '/nowhere';
    expect(await obtain([])).toMatchObject({ verified: true, sha256: sha256(bytes) });
  });

  it('is checked against its index', async () => {
    process.env.CNNZOO_MIRROR = await onDisk(join(fixture.directory, 'mirror'), index('b'.repeat(64)));
    await expect(obtain([])).rejects.toMatchObject({ code: 'HASH' });
    expect(await contents(fixture.cache)).toEqual({});
  });

  it('leaves the publisher to try where it lacks the file, is missing, or is no mirror', async () => {
    const { server, directory } = fixture;
    const publisher = published(server.url, bytes);
    server.routes.set('/web/index.json', (_, response) => response.end('<html>'));
    for (const mirror of [onServer({ format: 1, files: {} }), join(directory, 'missing'), `${server.url}/web`]) {
      process.env.CNNZOO_MIRROR = mirror;
      server.routes.delete(pathOf(publisher));
      await expect(obtain([publisher])).rejects.toMatchObject({
        code: 'DOWNLOAD',
        message: expect.stringContaining(`mirror ${mirror}`),
      });
    }
    server.routes.set(pathOf(publisher), serveFile(bytes));
    expect(await obtain([publisher])).toMatchObject({ from: publisher.url });
  });

  const good = { sha256: sha256(bytes), bytes: bytes.length, model: 'net', weights: 'V1' };
  const outside = (way: string) => ({ format: 1, files: { [way]: good } });
  it.each<[string, unknown]>([
    ['null', null],
    ['a list', []],
    ['another format', { format: 2, files: {} }],
    ['no files', { format: 1 }],
    ['a list of files', { format: 1, files: [good] }],
    ['no hash', { format: 1, files: { [path]: { ...good, sha256: '' } } }],
    ['the beginning of a hash', { format: 1, files: { [path]: { ...good, sha256: sha256(bytes).slice(0, 8) } } }],
    ['a hash of other digits', { format: 1, files: { [path]: { ...good, sha256: 'g'.repeat(64) } } }],
    ['a number as hash', { format: 1, files: { [path]: { ...good, sha256: 5 } } }],
    ['bytes as text', { format: 1, files: { [path]: { ...good, bytes: '40000' } } }],
    ['half bytes', { format: 1, files: { [path]: { ...good, bytes: 0.5 } } }],
    ['fewer bytes than none', { format: 1, files: { [path]: { ...good, bytes: -1 } } }],
    ['no model', { format: 1, files: { [path]: { ...good, model: undefined } } }],
    ['a path above it', outside('../secret.safetensors')],
    ['a path above it, on its way', outside('net/../../secret.safetensors')],
    ['an encoded path above it', outside('%2e%2E/secret.safetensors')],
    ['a path from the root', outside('/etc/secret.safetensors')],
    ['a path with backslashes', outside('..\\secret.safetensors')],
    ['a path on a drive', outside('C:/secret.safetensors')],
    ['an address elsewhere', outside('https://elsewhere.invalid/secret.safetensors')],
    ['a query', outside('net/V1.safetensors?x')],
    ['an empty path', outside('')],
    ['a path of a lone surrogate', outside('\ud800')],
  ])('with %s in its index is refused, on the disk and behind a server', async (_, content) => {
    const { server, directory } = fixture;
    await writeFile(join(directory, 'secret.safetensors'), bytes);
    await onDisk(join(directory, 'mirror'), content as MirrorIndex);
    for (const mirror of [join(directory, 'mirror'), onServer(content as MirrorIndex)]) {
      process.env.CNNZOO_MIRROR = mirror;
      await expect(obtain([])).rejects.toMatchObject({
        code: 'DOWNLOAD',
        message: expect.stringContaining("expected a mirror's index"),
      });
    }
    expect(server.seen.map((seen) => seen.path)).toEqual(['/zoo/index.json']);
    expect(await contents(fixture.cache)).toEqual({});
  });

  it('may write its hashes in capitals', async () => {
    process.env.CNNZOO_MIRROR = onServer(index(sha256(bytes).toUpperCase()));
    expect(await obtain([])).toMatchObject({ verified: true });
  });

  it('is no file: URL of another machine', async () => {
    process.env.CNNZOO_MIRROR = 'file://elsewhere/mirror';
    await expect(obtain([])).rejects.toMatchObject({ code: 'FILE' });
  });
});
