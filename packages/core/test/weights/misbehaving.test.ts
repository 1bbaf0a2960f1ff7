// Servers that break, lie or never end: each costs a bounded number of requests, bytes and seconds.
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Downloadable, Source } from '../../src/download/downloaded.js';
import type { Tuning } from '../../src/download/transfer.js';
import {
  buildModel,
  CnnzooError,
  globalAvgPool,
  linear,
  load,
  loadStateDict,
  readStateDict,
  seq,
  useBackend,
} from '../../src/index.js';
import { sha256, synthetic } from './checkpoint.js';
import { downloadFile } from './download-file.js';
import { contents, entryOf, pathOf, published, QUICK, useFixture } from './fixture.js';
import { type Handler, serveFile } from './server.js';

const fixture = useFixture();
vi.spyOn(console, 'warn').mockImplementation(() => undefined);

const bytes = synthetic(40_000);

/** Obtains what should fail; resolves to the error. */
async function failure(entry: Downloadable, tuning: Tuning = QUICK): Promise<CnnzooError> {
  const progress = ({ loaded }: { loaded: number }) => fixture.server.arrived(loaded);
  const error = await downloadFile(entry, { progress }, tuning).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CnnzooError);
  expect(error).toMatchObject({ code: 'DOWNLOAD' });
  return error as CnnzooError;
}

async function obtain(source: Source): Promise<string> {
  const progress = ({ loaded }: { loaded: number }) => fixture.server.arrived(loaded);
  const { file, sha256: hash } = await downloadFile(entryOf(source), { progress }, QUICK);
  await file.close();
  return hash;
}

function serve(handler: Handler): Source {
  const source = published(fixture.server.url, bytes);
  fixture.server.routes.set(pathOf(source), handler);
  return source;
}

/** Sends `size` bytes of the file and breaks the connection. */
const cutAt = (size: number, headers: Record<string, string | number> = {}): Handler => {
  const handler = serveFile(bytes, { cuts: [size], headers: headers as Record<string, string> });
  return (request, response, server) => handler(Object.assign(request, { headers: {} }), response, server);
};

/** Sends bytes without end, as fast as they are taken. */
const endless =
  (status = 200, headers: Record<string, string> = {}, start: Uint8Array = new Uint8Array(0)): Handler =>
  (_, response) => {
    response.writeHead(status, { etag: '"v1"', ...headers });
    const chunk = new Uint8Array(65_536);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    response.write(start);
    more();
  };

const diskSize = async (): Promise<number> => {
  const { stat } = await import('node:fs/promises');
  const { join } = await import('node:path');
  const paths = Object.keys(await contents(fixture.cache));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(join(fixture.cache, path))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
};

describe('a server that breaks, and', () => {
  it('answers ranges with 416 for ever, is given up; the part stays for the next call', async () => {
    const { server, cache } = fixture;
    const source = serve((request, response) => {
      if (request.headers.range) response.writeHead(416).end();
      else cutAt(20_000)(request, response, server);
    });
    await failure(entryOf(source));
    expect(server.seen.length).toBeLessThanOrEqual(6);
    expect(Object.keys(await contents(cache))).toEqual(['net/V1.part', 'net/V1.part-origin']);
    const before = server.seen.length;
    server.routes.set(pathOf(source), serveFile(bytes));
    expect(await obtain(source)).toBe(sha256(bytes));
    expect(server.seen.slice(before).map(({ headers }) => headers.range)).toEqual(['bytes=20000-']);
  });

  it('says that the part is all there is, though it said more before, is not believed', async () => {
    const { server } = fixture;
    const source = serve((request, response) => {
      const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
      if (from) response.writeHead(416, { 'content-range': `bytes */${from}` }).end();
      else cutAt(20_000)(request, response, server);
    });
    await failure({ ...entryOf(source), sources: [{ kind: 'publisher', url: source.url }] });
    expect(server.seen.length).toBeLessThanOrEqual(6);
  });

  it.each([true, false])('has a new ETag at every answer (ranges: %s), is given up', async (ranges) => {
    const { server } = fixture;
    let version = 0;
    const source = serve((request, response) => {
      const etag = `"v${++version}"`;
      const range = ranges && /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
      if (!range) return cutAt(20_000, { etag })(request, response, server);
      const from = Number(range[1]);
      response
        .writeHead(206, { etag, 'content-range': `bytes ${from}-39999/40000` })
        .write(bytes.subarray(from, from + 9), () => setTimeout(() => response.destroy(), 20));
      return undefined;
    });
    await failure(entryOf(source));
    expect(server.seen.length).toBeLessThanOrEqual(6);
  });

  it('begins anew each time, a little further, is given up after a number of files', async () => {
    const { server } = fixture;
    const source = serve((request, response) => {
      cutAt(1000 * server.seen.length)(request, response, server);
    });
    const error = await failure(entryOf(source));
    expect(error.message).toContain('again and again');
    expect(server.seen.length).toBeLessThanOrEqual(10);
  });

  it('goes on each time, is asked for as long as new bytes come', async () => {
    const { server } = fixture;
    const source = serve(serveFile(bytes, { cuts: Array.from({ length: 200 }, () => 300) }));
    expect(await obtain(source)).toBe(sha256(bytes));
    expect(server.seen.length).toBeGreaterThan(100);
  });

  it.each([
    ['from elsewhere', 'bytes 0-39999/40000'],
    ['of another size', 'bytes 20000-99999/100000'],
    ['that is none', 'pages 1-2'],
  ])('answers with a range %s, is asked for the whole file', async (_, range) => {
    const { server } = fixture;
    const source = serve((request, response) => {
      if (server.seen.length === 1) return cutAt(20_000)(request, response, server);
      if (!request.headers.range) return serveFile(bytes)(request, response, server);
      return void response.writeHead(206, { etag: '"v1"', 'content-range': range }).end(bytes.subarray(20_000));
    });
    expect(await obtain(source)).toBe(sha256(bytes));
    expect(server.seen).toHaveLength(3);
  });

  it('answers a range in pieces, is asked for the next', async () => {
    const { server } = fixture;
    const source = serve((request, response) => {
      const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
      if (!range) return cutAt(10_000)(request, response, server);
      const from = Number(range[1]);
      const piece = bytes.subarray(from, from + 9000);
      const end = from + piece.length - 1;
      return void response
        .writeHead(206, { etag: '"v1"', 'content-range': `bytes ${from}-${end}/${bytes.length}` })
        .end(piece);
    });
    expect(await obtain(source)).toBe(sha256(bytes));
  });
});

describe('a body without end', () => {
  it.each([
    ['of a file whose size is published', { fileSize: bytes.length / 2 ** 20 }, 2 ** 21],
    ['of a file with that many parameters', { parameters: 10_000 }, 2 ** 21],
    ['that begins as no checkpoint does', {}, 2 ** 21],
  ])('%s is cut off, and leaves nothing on the disk', async (_, facts, bound) => {
    const { server } = fixture;
    let most = 0;
    const source = serve(endless());
    const progress = ({ loaded }: { loaded: number }) => {
      most = Math.max(most, loaded);
    };
    await expect(downloadFile({ ...entryOf(source), ...facts }, { progress }, QUICK)).rejects.toMatchObject({
      code: 'DOWNLOAD',
    });
    expect(most).toBeLessThan(bound);
    expect(await diskSize()).toBe(0);
    expect(server.seen).toHaveLength(1);
  });

  it('after a range is cut off at the size that was stated', async () => {
    const { server } = fixture;
    const source = serve((request, response) => {
      if (server.seen.length === 1) return cutAt(20_000)(request, response, server);
      return endless(206, { 'content-range': `bytes 20000-${bytes.length - 1}/${bytes.length}` })(
        request,
        response,
        server,
      );
    });
    await failure(entryOf(source));
    expect(await diskSize()).toBe(0);
    expect(server.seen).toHaveLength(2);
  });

  it('that is announced is not taken at all', async () => {
    const { server } = fixture;
    const source = serve(endless(200, { 'content-length': String(2 ** 45) }));
    const error = await failure({ ...entryOf(source), fileSize: 0.1 });
    expect(error.message).toMatch(/expected at most \d+ bytes, received 35184372088832/);
    const unknown = await failure(entryOf(source));
    expect(unknown.message).toMatch(/expected at most 4294967296 bytes/);
    expect(server.seen).toHaveLength(2);
  });

  it("of a mirror's index is cut off", async () => {
    const { server } = fixture;
    server.routes.set('/zoo/index.json', endless(200, {}, new TextEncoder().encode('{"format":1,')));
    process.env.CNNZOO_MIRROR = `${server.url}/zoo`;
    const error = await failure(entryOf());
    expect(error.message).toContain('expected at most 16777216 bytes');
    expect(server.seen).toHaveLength(1);
  });

  it('of a small compressed answer is cut off', async () => {
    const { server } = fixture;
    const packed = gzipSync(Buffer.alloc(2 ** 25));
    const source = serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed));
    await failure({ ...entryOf(source), fileSize: 0.1 });
    expect(await diskSize()).toBe(0);
    expect(server.seen).toHaveLength(1);
  });

  it('of a mirror on the disk is not copied', async () => {
    const { directory } = fixture;
    const { mkdir, truncate, writeFile } = await import('node:fs/promises');
    const { join } = await import('node:path');
    const file = { sha256: 'a'.repeat(64), bytes: 100, model: 'net', weights: 'V1' };
    await mkdir(join(directory, 'zoo', 'net'), { recursive: true });
    await writeFile(
      join(directory, 'zoo', 'index.json'),
      JSON.stringify({ format: 1, files: { 'net/V1.safetensors': file } }),
    );
    await writeFile(join(directory, 'zoo', 'net', 'V1.safetensors'), '');
    await truncate(join(directory, 'zoo', 'net', 'V1.safetensors'), 2 ** 40);
    process.env.CNNZOO_MIRROR = join(directory, 'zoo');
    expect((await failure(entryOf())).message).toContain('100 bytes');
    expect(await diskSize()).toBe(0);
  });
});

describe('an answer that is compressed all the same', () => {
  it('is unpacked, and not gone on with', async () => {
    const { server } = fixture;
    const packed = gzipSync(bytes);
    let asked = 0;
    const source = serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', etag: '"v1"', 'content-length': packed.length });
      if (++asked > 1) return void response.end(packed);
      response.write(packed.subarray(0, packed.length >> 1), () => setTimeout(() => response.destroy(), 50));
      return undefined;
    });
    expect(await obtain(source)).toBe(sha256(bytes));
    expect(server.seen.map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
  });
});

describe('redirects', () => {
  it.each(['publisher', 'hub'] as const)('in a circle end (%s)', async (kind) => {
    const { server } = fixture;
    for (const [from, to] of ['ab', 'ba'])
      server.routes.set(`/${from}`, (_, response) => response.writeHead(302, { location: `/${to}` }).end());
    await failure(entryOf({ kind, url: `${server.url}/a` }));
    expect(server.seen.length).toBeLessThanOrEqual(22);
  });

  it('of a hub to what is no web address end', async () => {
    const { server } = fixture;
    const data = `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`;
    server.routes.set('/a', (_, response) => response.writeHead(302, { location: data.slice(0, 4000) }).end());
    const error = await failure(entryOf({ kind: 'hub', url: `${server.url}/a` }));
    expect(error.message).toContain("redirects to 'data:");
    expect(server.seen).toHaveLength(1);
  });

  it('to nowhere end', async () => {
    const source = serve((_, response) => response.writeHead(302).end());
    await failure(entryOf(source));
    expect(fixture.server.seen).toHaveLength(1);
  });
});

describe('Retry-After', () => {
  /** Obtains from a server that is busy until then, and says so by `value`; counts requests that come too early. */
  async function early(until: number, value: string): Promise<number> {
    let count = 0;
    const { server } = fixture;
    const source = serve((request, response) => {
      if (Date.now() >= until) return serveFile(bytes)(request, response, server);
      if (server.seen.length > 1) count++;
      return void response.writeHead(429, { 'retry-after': value }).end();
    });
    expect(await obtain(source)).toBe(sha256(bytes));
    return count;
  }

  it('in seconds is waited for', async () => {
    expect(await early(Date.now() + 990, '1')).toBe(0);
  });

  it('as a date is waited for', async () => {
    const until = Math.ceil(Date.now() / 1000 + 1) * 1000;
    expect(await early(until, new Date(until).toUTCString())).toBe(0);
  });

  it.each(['soon', '-5', '', 'Thu, 01 Jan 1970 00:00:00 GMT', 'NaN'])('%j is nothing to wait for', async (value) => {
    let busy = true;
    const source = serve((request, response) => {
      if (!busy) return serveFile(bytes)(request, response, fixture.server);
      busy = false;
      return void response.writeHead(503, { 'retry-after': value }).end();
    });
    expect(await obtain(source)).toBe(sha256(bytes));
  });

  it('of a year can be given up by the signal at once', async () => {
    const source = serve((_, response) => response.writeHead(503, { 'retry-after': '31536000' }).end());
    const signal = AbortSignal.timeout(100);
    await expect(downloadFile(entryOf(source), { signal }, QUICK)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe.each([
  ['readStateDict', (url: string, signal?: AbortSignal) => readStateDict(url, { ...(signal && { signal }) })],
  ['load', (url: string, signal?: AbortSignal) => load(url, { ...(signal && { signal }) })],
  [
    'loadStateDict',
    async (url: string, signal?: AbortSignal) => {
      const net = buildModel('small', seq({ pool: globalAvgPool, fc: linear(2) }), [4, 4, 3]);
      try {
        await loadStateDict(net, url, { ...(signal && { signal }) });
      } finally {
        net.dispose();
      }
    },
  ],
] as const)('%s of a URL', (_, read) => {
  beforeAll(async () => {
    await useBackend('cpu');
  });
  const url = (): string => `${fixture.server.url}/file.safetensors`;
  const route = (handler: Handler): void => void fixture.server.routes.set('/file.safetensors', handler);

  it('without end stops at what begins as no checkpoint does', async () => {
    route(endless());
    await expect(read(url())).rejects.toMatchObject({ code: 'FORMAT' });
  });

  it('that is said to be larger than any checkpoint is refused', async () => {
    route(endless(200, { 'content-length': String(2 ** 45) }));
    await expect(read(url())).rejects.toMatchObject({ code: 'DOWNLOAD', message: expect.stringContaining('at most') });
  });

  it('stops for its signal, before, during the answer and during the body', async () => {
    route(() => undefined);
    await expect(read(url(), AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
    expect(fixture.server.seen).toHaveLength(0);
    await expect(read(url(), AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'ABORTED' });
    route((_request, response) => void response.writeHead(200).write(bytes.subarray(0, 99)));
    await expect(read(url(), AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('that is missing, breaks off or redirects in a circle is an error DOWNLOAD', async () => {
    await expect(read(url())).rejects.toMatchObject({ code: 'DOWNLOAD', message: expect.stringContaining('404') });
    route((_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 5000), () => setTimeout(() => response.destroy(), 20));
    });
    await expect(read(url())).rejects.toMatchObject({ code: 'DOWNLOAD', message: expect.stringContaining('broke') });
    route((_request, response) => response.writeHead(302, { location: '/file.safetensors' }).end());
    await expect(read(url())).rejects.toMatchObject({ code: 'DOWNLOAD' });
  });
});
