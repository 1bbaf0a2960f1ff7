import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, openChromium, openPage } from '../../../../tools/release/chromium.js';
import type * as cacheApi from '../../src/download/cache-api.js';
import type { Downloadable } from '../../src/download/downloaded.js';
import type { Tuning } from '../../src/download/transfer.js';
import { sha256, synthetic } from './checkpoint.js';
import type * as obtain from './download-file.js';
import { entryOf, pathOf, published, QUICK, useFixture } from './fixture.js';
import { type FileOptions, type Handler, serveFile, TestServer } from './server.js';

declare global {
  var cnnzoo: typeof cacheApi & typeof obtain;
}

const core = fileURLToPath(new URL('../../', import.meta.url));

/** The browser's side of core, as one script. */
async function script(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import * as obtain from './test/weights/download-file.ts';
        import * as cacheApi from './src/download/cache-api.ts';
        globalThis.cnnzoo = { ...obtain, ...cacheApi };`,
      resolveDir: core,
    },
    alias: {
      '#backends': `${core}src/platform/browser/backends.ts`,
      '#platform': `${core}src/platform/browser/index.ts`,
    },
    external: ['@jsquash/*', '@tensorflow/*'],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

describe.skipIf(!findChromium())('in a browser (needs Chromium)', () => {
  const fixture = useFixture();
  const bytes = synthetic(40_000);
  let browser: Browser;
  let pages: Awaited<ReturnType<typeof TestServer.start>>;

  beforeAll(async () => {
    // A name that is not localhost's: what browsers call an insecure context.
    browser = (await openChromium(['--host-resolver-rules=MAP insecure.test 127.0.0.1']))!;
    pages = await TestServer.start();
    const text = await script();
    // tfjs is not used by what runs here.
    const stub = `data:text/javascript,${encodeURIComponent('export const env = () => ({}); export const [engine, backend] = [env, env];')}`;
    const map = JSON.stringify({ imports: { '@tensorflow/tfjs-core': stub } });
    const html = `<!doctype html><script type="importmap">${map}</script><script type="module" src="/app.js"></script>`;
    pages.routes.set('/', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html));
    pages.routes.set('/app.js', (_, response) => {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(text);
    });
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
  });

  async function open(host = '127.0.0.1'): Promise<Page> {
    const page = await openPage(browser);
    await page.goto(pages.url.replace('127.0.0.1', host));
    await page.waitForFunction(() => 'cnnzoo' in globalThis);
    return page;
  }

  /** Obtains in the page; what it got, or the error's code and message. */
  const run = (page: Page, entry: Downloadable, mirror?: string) =>
    page.evaluate(
      async ([what, tuning, where]: [Downloadable, Tuning, string | undefined]) => {
        Object.assign(globalThis, { CNNZOO_MIRROR: where });
        let loaded = 0;
        try {
          const progress = (state: { loaded: number }) => {
            loaded = state.loaded;
          };
          const { file, ...rest } = await globalThis.cnnzoo.downloadFile(what, { progress }, tuning);
          const { data } = await file.tensors.get('weight')!.read();
          return { ...rest, values: data.length, loaded };
        } catch (error) {
          const { code, message } = error as { code?: string; message: string };
          return { code, message };
        }
      },
      [entry, QUICK, mirror] as [Downloadable, Tuning, string | undefined],
    );

  const CORS = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'ETag, Content-Range' };
  const RESOLVE = '/timm/net.tv_in1k/resolve/main/model.safetensors';

  function hub(hash: string | undefined, options: FileOptions = {}): Downloadable {
    const { server } = fixture;
    const redirect: Handler = (_, response) => {
      response.writeHead(302, { ...CORS, location: '/cdn', 'x-linked-etag': `"${sha256(bytes)}"` }).end();
    };
    server.routes.set(RESOLVE, redirect);
    server.routes.set('/cdn', serveFile(bytes, { ...options, headers: CORS }));
    server.routes.set(RESOLVE.replace('resolve', 'raw'), (_, response) => {
      if (hash) response.writeHead(200, CORS).end(`version 1\noid sha256:${hash}\nsize 1\n`);
      else response.writeHead(404, CORS).end();
    });
    // The publisher answers, but not to other origins.
    const publisher = published(server.url, bytes);
    server.routes.set(pathOf(publisher), serveFile(bytes));
    return entryOf(publisher, { kind: 'hub', url: server.url + RESOLVE });
  }

  it('the hub takes over from the publisher; the Cache API keeps the file, checked at each start', async () => {
    const page = await open();
    const entry = hub(sha256(bytes));
    const from = entry.sources[1]!.url;
    const expected = { verified: true, sha256: sha256(bytes), values: 10_000 };
    expect(await run(page, entry)).toEqual({ ...expected, from, loaded: bytes.length });
    await fixture.server.close();
    await page.reload();
    await page.waitForFunction(() => 'cnnzoo' in globalThis);
    expect(await run(page, entry)).toMatchObject({ ...expected, loaded: 0 });
    const listed = await page.evaluate(() => globalThis.cnnzoo.listCache());
    expect(listed).toMatchObject([{ model: 'net', weights: 'V1', bytes: bytes.length, source: from, verified: true }]);
    expect(await page.evaluate(() => globalThis.cnnzoo.verifyCache())).toEqual([{ ...listed[0], ok: true }]);
    expect(await page.evaluate(() => globalThis.cnnzoo.clearCache())).toEqual(listed);
    expect(await page.evaluate(() => globalThis.cnnzoo.listCache())).toEqual([]);
    expect(await run(page, entry)).toMatchObject({ code: 'DOWNLOAD' });
  });

  it('a hash that does not fit is refused, one that is missing is said', async () => {
    const page = await open();
    const warnings: string[] = [];
    page.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
    expect(await run(page, hub('a'.repeat(64)))).toMatchObject({ message: expect.stringContaining('other bytes') });
    expect(await page.evaluate(() => globalThis.cnnzoo.listCache())).toEqual([]);
    expect(await run(page, hub(undefined))).toMatchObject({ verified: false });
    expect(warnings.filter((text) => text.includes('unverified'))).toHaveLength(1);
  });

  it('goes on where the connection broke', async () => {
    const page = await open();
    const entry = hub(sha256(bytes));
    let asked = 0;
    fixture.server.routes.set('/cdn', (request, response, server) => {
      if (asked++ > 0) return serveFile(bytes, { headers: CORS })(request, response, server);
      response.writeHead(200, { ...CORS, etag: '"v1"', 'content-length': bytes.length }).write(bytes.subarray(0, 9000));
      setTimeout(() => response.destroy(), 300);
    });
    expect(await run(page, entry)).toMatchObject({ verified: true, sha256: sha256(bytes) });
    const ranges = fixture.server.asked('/cdn').map(({ headers }) => headers.range);
    expect(ranges).toEqual([undefined, 'bytes=9000-']);
  });

  it('a mirror of the page comes first', async () => {
    const { server } = fixture;
    const file = { sha256: sha256(bytes), bytes: bytes.length, model: 'net', weights: 'V1' };
    const index = JSON.stringify({ format: 1, files: { 'net/V1.safetensors': file } });
    server.routes.set('/zoo/index.json', (_, response) => response.writeHead(200, CORS).end(index));
    server.routes.set('/zoo/net/V1.safetensors', serveFile(bytes, { headers: CORS }));
    const mirror = `${server.url}/zoo`;
    expect(await run(await open(), entryOf(), mirror)).toMatchObject({ from: mirror, verified: true });
  });

  it('leaves alone what is no entry of the cache, and tells of it', async () => {
    const page = await open();
    expect(await run(page, hub(sha256(bytes)))).toMatchObject({ verified: true });
    const found = await page.evaluate(async () => {
      const cache = await caches.open('cnnzoo');
      const base = 'https://cnnzoo.invalid/net/';
      const record = decodeURIComponent((await cache.match(`${base}V1`))!.headers.get('x-cnnzoo-record')!);
      const garbage = {
        none: undefined,
        broken: '%',
        text: 'garbage',
        null: 'null',
        moved: encodeURIComponent(record),
      };
      for (const [name, value] of Object.entries(garbage))
        await cache.put(
          base + name,
          new Response('x', value === undefined ? {} : { headers: { 'x-cnnzoo-record': value } }),
        );
      const skipped: string[] = [];
      const onSkipped = ({ path }: { path: string }) => void skipped.push(path.slice(base.length));
      const listed = await globalThis.cnnzoo.listCache({ onSkipped });
      const verified = await globalThis.cnnzoo.verifyCache({ onSkipped: () => undefined });
      const cleared = await globalThis.cnnzoo.clearCache({}, { onSkipped: () => undefined });
      return { listed, verified, cleared, skipped, left: (await cache.keys()).length };
    });
    const entry = { model: 'net', weights: 'V1' };
    expect(found).toMatchObject({ listed: [entry], verified: [{ ...entry, ok: true }], cleared: [entry], left: 5 });
    expect(found.skipped.sort()).toEqual(['broken', 'moved', 'none', 'null', 'text']);
  });

  it('cuts off a body without end, and names no path that is none', async () => {
    const page = await open();
    const { server } = fixture;
    const source = published(server.url, bytes);
    server.routes.set(pathOf(source), (_, response) => {
      response.writeHead(200, CORS);
      const more = (): void => {
        while (!response.destroyed && response.write(new Uint8Array(65_536)));
      };
      response.on('drain', more);
      more();
    });
    expect(await run(page, { ...entryOf(source), fileSize: 0.1 })).toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringContaining('expected at most'),
    });
    expect(await run(page, { ...entryOf(source), name: '\ud800' })).toMatchObject({ code: 'INPUT' });
  });

  it('works where the page is not served over https, though nothing can be kept there', async () => {
    const page = await open('insecure.test');
    expect(await page.evaluate(() => ['caches' in globalThis, isSecureContext])).toEqual([false, false]);
    expect(await run(page, hub(sha256(bytes)))).toMatchObject({ verified: true, sha256: sha256(bytes) });
    expect(await run(page, hub('b'.repeat(64)))).toMatchObject({ message: expect.stringContaining('other bytes') });
    expect(await page.evaluate(() => globalThis.cnnzoo.listCache())).toEqual([]);
  });
});
