import { beforeEach, describe, expect, it } from 'vitest';
import { retryAfter } from '../../src/download/transfer.js';
import { fetchBytes } from '../../src/platform/http.js';
import { useFixture } from '../weights/fixture.js';

const fixture = useFixture();
const OPTIONS = { fetch: globalThis.fetch, what: 'a text', maxBytes: 1000 };
let url: string;
beforeEach(() => {
  url = `${fixture.server.url}/text`;
});

describe('fetchBytes', () => {
  it('gives bytes of its own, up to the limit', async () => {
    for (const size of [0, 1, 1000]) {
      fixture.server.routes.set('/text', (_, response) => response.end(new Uint8Array(size).fill(7)));
      const bytes = await fetchBytes(url, OPTIONS);
      expect(bytes).toEqual(new Uint8Array(size).fill(7));
      expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, size]);
    }
  });

  it.each([true, false])('takes not one byte more (size stated: %s)', async (stated) => {
    fixture.server.routes.set('/text', (_, response) => {
      response.writeHead(200, stated ? { 'content-length': 1001 } : {}).end(new Uint8Array(1001));
    });
    await expect(fetchBytes(url, OPTIONS)).rejects.toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringMatching(/text.*expected a text.*expected at most 1000 bytes/),
    });
  });

  it('does not take a part for the whole', async () => {
    fixture.server.routes.set('/text', (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-9/20' }).end(new Uint8Array(10));
    });
    await expect(fetchBytes(url, OPTIONS)).rejects.toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringContaining('received HTTP 206'),
    });
  });

  it('takes less from a server that does not state the size', async () => {
    fixture.server.routes.set('/text', (_, response) => response.writeHead(200).end(new Uint8Array(20)));
    await expect(fetchBytes(url, { ...OPTIONS, maxUnstated: 10 })).rejects.toMatchObject({ code: 'DOWNLOAD' });
    fixture.server.routes.set('/text', (_, response) => {
      response.writeHead(200, { 'content-length': 20 }).end(new Uint8Array(20));
    });
    expect(await fetchBytes(url, { ...OPTIONS, maxUnstated: 10 })).toHaveLength(20);
  });

  it.each([
    ['is dead', { stallMs: 100, bytes: 1000 }, 'less than 1000 bytes in 0.1 s'],
    ['drips', { stallMs: 10_000, bytes: 2, totalMs: 200 }, 'did not finish in 0.2 s'],
  ])('gives up a server that %s', async (kind, patience, message) => {
    fixture.server.routes.set('/text', (_, response) => {
      if (kind === 'is dead') return;
      const timer = setInterval(() => response.write('xx'), 10);
      response.on('close', () => clearInterval(timer));
    });
    await expect(fetchBytes(url, { ...OPTIONS, patience })).rejects.toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringContaining(message),
    });
  });

  it.each([[0], [10], [4096], [9000]])('shows the start of %i bytes once', async (size) => {
    fixture.server.routes.set('/text', (_, response) => response.end(new Uint8Array(size)));
    const starts: number[] = [];
    const checkStart = (start: Uint8Array) => void starts.push(start.length);
    await fetchBytes(url, { ...OPTIONS, maxBytes: 9000, checkStart });
    expect(starts).toEqual([Math.min(size, 4096)]);
  });
});

it('Retry-After is read in seconds and as a date', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const read = (text?: string) => retryAfter(new Headers(text === undefined ? {} : { 'retry-after': text }), now);
  expect(read('0')).toBe(0);
  expect(read('120')).toBe(120_000);
  expect(read('Thu, 01 Jan 2026 00:01:00 GMT')).toBe(60_000);
  for (const text of [undefined, '', 'soon', '-1', '1.5e', 'Wed, 31 Dec 2025 23:59:00 GMT'])
    expect(read(text)).toBeUndefined();
});
