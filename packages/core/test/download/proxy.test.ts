// The proxy that the environment names is used for whatever Node fetches, and a name in NO_PROXY goes past it.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readStateDict } from '../../src/index.js';
import { fetchUrl } from '../../src/platform/node/network.js';
import { sha256, synthetic } from '../weights/checkpoint.js';
import { downloadFile } from '../weights/download-file.js';
import { entryOf, pathOf, published, QUICK, useFixture } from '../weights/fixture.js';
import { serveFile } from '../weights/server.js';

const VARIABLES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];

const fixture = useFixture();
const bytes = synthetic(4000);
const seen: { method: string; url: string; authorization: string | undefined }[] = [];
let proxy: Awaited<ReturnType<typeof startProxy>>;

const note = ({ method, url, headers }: IncomingMessage): void =>
  void seen.push({ method: method!, url: url!, authorization: headers['proxy-authorization'] });

/** Knows every name, and leads each to the test's own server; refuses tunnels. */
async function startProxy() {
  const sockets = new Set<Socket>();
  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    note(incoming);
    const { port } = new URL(fixture.server.url);
    const { pathname } = new URL(incoming.url!);
    request({ port, path: pathname, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    }).end();
  });
  server.on('connect', (incoming, socket) => {
    note(incoming);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((done) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => done());
      }),
  };
}

beforeEach(async () => {
  seen.length = 0;
  proxy = await startProxy();
  for (const name of VARIABLES) for (const each of [name, name.toUpperCase()]) vi.stubEnv(each, undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await proxy.close();
});

/** Serves the file on the test's server; its URL under a name that only the proxy knows. */
function behindProxy(): string {
  fixture.server.routes.set('/net.safetensors', serveFile(bytes));
  return 'http://weights.invalid/net.safetensors';
}

describe('fetchUrl', () => {
  it.each([
    ['HTTP_PROXY', (host: string) => `http://${host}`],
    ['http_proxy', (host: string) => `http://${host}`],
    ['ALL_PROXY', (host: string) => `http://${host}/`],
    ['HTTP_PROXY', (host: string) => host],
  ])('goes through %s for http', async (name, value) => {
    vi.stubEnv(name, value(proxy.host));
    const url = behindProxy();
    const response = await fetchUrl(url);
    expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(bytes));
    expect(seen).toEqual([{ method: 'GET', url, authorization: undefined }]);
  });

  it.each(['HTTPS_PROXY', 'ALL_PROXY'])('asks %s for a tunnel for https', async (name) => {
    vi.stubEnv(name, `http://${proxy.host}`);
    await expect(fetchUrl('https://weights.invalid/net.safetensors')).rejects.toThrow();
    expect(seen).toMatchObject([{ method: 'CONNECT', url: 'weights.invalid:443' }]);
  });

  it('tells the proxy who asks', async () => {
    vi.stubEnv('HTTP_PROXY', `http://me:se%20cret@${proxy.host}`);
    await (await fetchUrl(behindProxy())).arrayBuffer();
    expect(seen[0]!.authorization).toBe(`Basic ${Buffer.from('me:se cret').toString('base64')}`);
  });

  it.each(['127.0.0.1', '*', 'example.test, 127.0.0.1'])('goes past it for NO_PROXY=%s', async (names) => {
    vi.stubEnv('HTTP_PROXY', `http://${proxy.host}`);
    vi.stubEnv('NO_PROXY', names);
    behindProxy();
    await (await fetchUrl(`${fixture.server.url}/net.safetensors`)).arrayBuffer();
    expect(seen).toEqual([]);
    expect(fixture.server.seen).toHaveLength(1);
  });

  it('takes up another proxy and another exception when they change', async () => {
    vi.stubEnv('HTTP_PROXY', `http://${proxy.host}`);
    behindProxy();
    const url = `${fixture.server.url}/net.safetensors`;
    await (await fetchUrl(url)).arrayBuffer();
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    await (await fetchUrl(url)).arrayBuffer();
    expect(seen).toHaveLength(1);
    vi.stubEnv('NO_PROXY', '');
    vi.stubEnv('HTTP_PROXY', '');
    await (await fetchUrl(url)).arrayBuffer();
    expect(seen).toHaveLength(1);
  });

  it('needs no proxy for data URLs', async () => {
    vi.stubEnv('ALL_PROXY', `http://${proxy.host}`);
    expect(await (await fetchUrl('data:text/plain,here')).text()).toBe('here');
    expect(seen).toEqual([]);
  });

  it.each(['http://', 'ftp://me:secret@example.test', 'http://a b', '://'])(
    'refuses a proxy %j by its name',
    async (value) => {
      vi.stubEnv('HTTPS_PROXY', value);
      await expect(fetchUrl('https://weights.invalid/')).rejects.toMatchObject({
        code: 'INPUT',
        message: expect.stringMatching(/^(?!.*secret).*HTTPS_PROXY/),
      });
    },
  );
});

describe('weights', () => {
  it('of an entry, of a mirror and of a URL are fetched through the proxy', async () => {
    vi.stubEnv('HTTP_PROXY', `http://${proxy.host}`);
    const { server } = fixture;
    const source = published('http://publisher.invalid', bytes);
    server.routes.set(pathOf(source), serveFile(bytes));
    const first = await downloadFile(entryOf(source), {}, QUICK);
    await first.file.close();
    expect(first.sha256).toBe(sha256(bytes));

    const file = { sha256: sha256(bytes), bytes: bytes.length, model: 'net', weights: 'V2' };
    const index = JSON.stringify({ format: 1, files: { 'net/V2.safetensors': file } });
    server.routes.set('/index.json', (_, response) => response.end(index));
    server.routes.set('/net/V2.safetensors', serveFile(bytes));
    process.env.CNNZOO_MIRROR = 'http://mirror.invalid';
    const second = await downloadFile({ ...entryOf(), name: 'V2' }, {}, QUICK);
    await second.file.close();
    expect(second.verified).toBe(true);

    expect((await readStateDict(behindProxy())).size).toBe(1);
    expect(seen.map(({ url }) => url)).toEqual([
      source.url,
      'http://mirror.invalid/index.json',
      'http://mirror.invalid/net/V2.safetensors',
      'http://weights.invalid/net.safetensors',
    ]);
  });

  it('that the proxy refuses are an error DOWNLOAD, after few requests', async () => {
    vi.stubEnv('HTTPS_PROXY', `http://${proxy.host}`);
    const source = published('https://publisher.invalid', bytes);
    await expect(downloadFile(entryOf(source), {}, QUICK)).rejects.toMatchObject({ code: 'DOWNLOAD' });
    expect(seen.length).toBeLessThanOrEqual(2);
  });

  it('end at a proxy that is not there', async () => {
    await proxy.close();
    vi.stubEnv('ALL_PROXY', `http://${proxy.host}`);
    const source = published('http://publisher.invalid', bytes);
    await expect(downloadFile(entryOf(source), {}, QUICK)).rejects.toMatchObject({ code: 'DOWNLOAD' });
  });
});
