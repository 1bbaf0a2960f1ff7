import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { saveStateDict, useBackend } from '@cnnzoo/core';
import { lenet5 } from '@cnnzoo/lenet';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Result } from './command.js';
import { writeImages } from './image-folder.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Tests the built program if there is one, else the source. */
const built = here('../dist/bin.js');
const program = existsSync(built) ? [built] : ['--import', import.meta.resolve('tsx'), here('../src/bin.ts')];

let place: string;

/** Starts a real process; `onErr` sees its stderr as it arrives. */
function start(argv: readonly string[], onErr: (text: string, stop: () => void) => void = () => {}): Promise<Result> {
  const env = { ...process.env, CNNZOO_CACHE: join(place, 'cache'), CNNZOO_MIRROR: '', NO_COLOR: '', FORCE_COLOR: '' };
  const child = spawn(process.execPath, [...program, ...argv], { env });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
    onErr(err, () => child.kill('SIGINT'));
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code!, out, err }));
  });
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'cnnzoo-cli-process-'));
});
afterAll(() => rm(place, { recursive: true }));

describe('the process', () => {
  it('exits with 0, 1 and 2, and writes into a pipe without colours', async () => {
    const [good, failed, wrong] = await Promise.all([
      start(['list', 'lenet5']),
      start(['summary', 'nothing']),
      start(['frobnicate']),
    ]);
    expect(good).toMatchObject({ code: 0, err: '' });
    expect(good.out).toContain('MNIST_V1');
    expect(good.out).not.toContain('\u001b');
    expect(failed).toMatchObject({ code: 1, out: '' });
    expect(wrong).toMatchObject({ code: 2, out: '' });
  });
});

describe('Ctrl-C', () => {
  let server: Server;
  let url: string;
  let image: string;
  const ranges: (string | undefined)[] = [];

  // Serves half of the file and then stalls; a request for the rest gets the rest.
  beforeAll(async () => {
    await useBackend();
    const net = lenet5({ seed: 1 });
    const path = join(place, 'lenet.safetensors');
    await saveStateDict(net, path);
    net.dispose();
    const bytes = await readFile(path);
    const half = bytes.length >> 1;
    server = createServer((request, response) => {
      const { range } = request.headers;
      ranges.push(range);
      const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
      response.setHeader('ETag', '"1"');
      response.setHeader('Content-Length', bytes.length - from);
      if (!range) return void response.write(bytes.subarray(0, half));
      response.writeHead(206, { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
      return void response.end(bytes.subarray(from));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lenet.safetensors`;
    image = join(place, 'grey.png');
    await sharp({ create: { width: 28, height: 28, channels: 3, background: '#777' } }).toFile(image);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('stops a download with 130, and the next start goes on from there', async () => {
    const argv = ['classify', image, '--model', 'lenet5', '--weights', url];
    const stopped = await start(argv, (err, stop) => {
      if (err.includes('MiB of')) stop();
    });
    expect(stopped).toMatchObject({ code: 130, out: '' });
    expect(stopped.err).toMatch(/^Stopped\. The next start goes on/m);
    expect(stopped.err).not.toContain('    at ');
    const second = await start(argv);
    expect(second.code).toBe(0);
    expect(second.out).toContain(image);
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
  });

  it('stops a training with 130, and --resume goes on from there', async () => {
    await writeImages(join(place, 'noise'), 5, 1);
    const out = join(place, 'trained');
    const argv = [
      'finetune',
      join(place, 'noise'),
      '--model',
      'lenet5_relu',
      '--weights',
      'none',
      '--epochs',
      '5',
      '--out',
      out,
    ];
    const stopped = await start(argv, (err, stop) => {
      if (err.includes('epoch 2 of 5')) stop();
    });
    expect(stopped).toMatchObject({ code: 130, out: '' });
    expect(stopped.err).toMatch(/^Stopped\. To go on: cnnzoo finetune .* --resume$/m);
    expect(existsSync(join(out, 'model.safetensors'))).toBe(false);
    const second = await start([...argv, '--resume']);
    expect(second.code).toBe(0);
    expect(second.err).not.toContain('epoch 2 of 5');
    expect(second.err).toContain('epoch 5 of 5');
    expect(second.out).toMatch(/^Next: cnnzoo classify /m);
    // Two processes start, each with a backend and decoding threads.
  }, 120_000);
});
