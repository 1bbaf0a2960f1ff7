import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Downloadable } from '../../src/download/downloaded.js';
import { sha256, synthetic } from './checkpoint.js';
import { downloadFile } from './download-file.js';
import { contents, entryOf, pathOf, published, QUICK, useFixture } from './fixture.js';
import { serveFile } from './server.js';

const fixture = useFixture();
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const CHILD = fileURLToPath(new URL('./fetch-in-child.ts', import.meta.url));

interface Child {
  readonly process: ChildProcess;
  /** Resolves to its last line once it ends. */
  readonly result: Promise<Record<string, unknown>>;
  /** Resolves once it has received that many bytes. */
  received(bytes: number): Promise<void>;
}

function start(entry: Downloadable): Child {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, JSON.stringify(entry)], {
    cwd: ROOT,
    env: process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Record<string, unknown>[] = [];
  let errors = '';
  let pending = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  child.stdout.on('data', (data) => {
    const parts = (pending + data).split('\n');
    pending = parts.pop()!;
    for (const line of parts) lines.push(JSON.parse(line));
  });
  const result = new Promise<Record<string, unknown>>((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve(lines.at(-1)!);
      else reject(new Error(errors || `exit ${code}`));
    });
  });
  result.catch(() => undefined);
  const received = async (bytes: number) => {
    while (!lines.some(({ loaded }) => Number(loaded) >= bytes)) {
      if (child.exitCode !== null) throw new Error(errors);
      await new Promise((done) => setTimeout(done, 10));
    }
  };
  return { process: child, result, received };
}

describe('two processes', () => {
  it('that want the same file fetch it once', async () => {
    const { server, cache } = fixture;
    const bytes = synthetic(400_000);
    const source = published(server.url, bytes);
    server.routes.set(pathOf(source), (request, response) => {
      setTimeout(() => serveFile(bytes)(request, response, server), 300);
    });
    const results = await Promise.all([start(entryOf(source)).result, start(entryOf(source)).result]);
    for (const result of results) expect(result).toMatchObject({ sha256: sha256(bytes), values: 100_000 });
    expect(server.seen).toHaveLength(1);
    expect(Object.keys(await contents(cache))).toHaveLength(2);
    expect(await readdir(join(cache, 'net'))).toHaveLength(2);
  });

  it('of which one is killed: the other goes on where it was', async () => {
    const { server, cache } = fixture;
    const bytes = synthetic(400_000);
    const source = published(server.url, bytes);
    const whole = serveFile(bytes);
    server.routes.set(pathOf(source), (request, response) => {
      if (server.seen.length > 1) return whole(request, response, server);
      response.writeHead(200, { 'content-length': bytes.length, etag: '"v1"' }).write(bytes.subarray(0, 150_000));
    });
    const first = start(entryOf(source));
    await first.received(150_000);
    first.process.kill('SIGKILL');
    await expect(first.result).rejects.toThrow();
    expect(Object.keys(await contents(cache)).sort()).toEqual(['net/V1.part', 'net/V1.part-origin']);
    // The lock of the dead is void after ten seconds; here they have passed.
    const past = new Date(Date.now() - 60_000);
    await utimes(join(cache, 'net', 'V1.lock'), past, past);
    const { file, sha256: received } = await downloadFile(entryOf(source), {}, QUICK);
    await file.close();
    expect(received).toBe(sha256(bytes));
    expect(server.seen[1]!.headers.range).toBe('bytes=150000-');
    expect(await readdir(join(cache, 'net'))).toHaveLength(2);
  });

  it('in one program: two calls at once fetch the file once', async () => {
    const { server } = fixture;
    const bytes = synthetic(40_000);
    const source = published(server.url, bytes);
    server.routes.set(pathOf(source), serveFile(bytes));
    const both = await Promise.all([1, 2].map(() => downloadFile(entryOf(source), {}, QUICK)));
    for (const { file, sha256: received } of both) {
      expect(received).toBe(sha256(bytes));
      await file.close();
    }
    expect(server.seen).toHaveLength(1);
  });
});
