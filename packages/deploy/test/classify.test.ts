import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@cnnzoo/core';
import { openClassifier, type Session } from '@cnnzoo/deploy/classify';
import { lenet5_relu } from '@cnnzoo/lenet';
import { resnet20 } from '@cnnzoo/resnet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSession, inferenceGraph, saveGraph, saveQuantized } from '../src/index.js';
import { quantizedByHand } from './quantized-by-hand.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-open-'));
const at = (name: string): string => join(directory, name);
const photo = (name: string): string => fileURLToPath(new URL(`../../../examples/photos/${name}`, import.meta.url));
const PHOTOS = [photo('rocket.jpg'), photo('coffee.png')];
const faultOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    ({ code, message }) => `${code} ${message}`,
  );

/** Predictions of the net's session on the kernels, whose numbers are those of the file's. */
let expected: unknown;
beforeAll(async () => {
  await useBackend('wasm');
  const net = await resnet20.pretrained();
  await saveGraph(net, at('net.safetensors'));
  await saveQuantized(await quantizedByHand(inferenceGraph(net)), at('int8.safetensors'));
  const session = await createSession(net, { engine: 'kernels', threads: 1 });
  expected = await session.classify(PHOTOS);
  await session.dispose();
  net.dispose();
});
afterAll(() => rmSync(directory, { recursive: true }));

const answersOf = async (session: Session): Promise<unknown> => {
  const answers = await session.classify(PHOTOS);
  await session.dispose();
  return answers;
};

describe('openClassifier answers as the net does, bit for bit', () => {
  it('of a path, bytes and a Blob, with one thread and two', async () => {
    const bytes = readFileSync(at('net.safetensors'));
    for (const source of [at('net.safetensors'), bytes, new Blob([bytes])])
      expect(await answersOf(await openClassifier(source, { threads: 1 }))).toEqual(expected);
    expect(await answersOf(await openClassifier(bytes, { threads: 2 }))).toEqual(expected);
  });

  it('of a URL, whose progress is told and whose hash is compared', async () => {
    const bytes = readFileSync(at('net.safetensors'));
    const server = createServer((_, response) =>
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/net.safetensors`;
    const states: { loaded: number; total: number | null }[] = [];
    const session = await openClassifier(url, { threads: 1, progress: (state) => void states.push(state) });
    expect(await answersOf(session)).toEqual(expected);
    expect(states.at(-1)).toEqual({ loaded: bytes.length, total: bytes.length });
    expect(await faultOf(openClassifier(url, { sha256: 'f'.repeat(64) }))).toMatch(/^HASH/);
    const controller = new AbortController();
    const aborted = openClassifier(url, { signal: controller.signal, progress: () => controller.abort() });
    expect(await faultOf(aborted)).toMatch(/^ABORTED/);
    await new Promise((resolve) => server.close(resolve));
  });

  it('of a net in 8 bits: the same bits for any number of threads, and for two sessions at once', async () => {
    const sessions = await Promise.all([1, 2, 3].map((threads) => openClassifier(at('int8.safetensors'), { threads })));
    const [one, ...others] = await Promise.all(sessions.map(answersOf));
    for (const other of others) expect(other).toEqual(one);
  });
});

it('a net of grey images is preprocessed as its own', async () => {
  const net = await lenet5_relu.pretrained();
  await saveGraph(net, at('digit.safetensors'));
  const digit = fileURLToPath(new URL('../../../tools/release/fixtures/seven.jpg', import.meta.url));
  const session = await openClassifier(at('digit.safetensors'), { threads: 1 });
  const [best] = await session.classify(digit);
  const [own] = await net.classify(digit);
  expect(best!.label).toBe('7');
  expect(Math.abs(best!.score - own!.score)).toBeLessThanOrEqual(1e-5);
  expect(session).toMatchObject({ categories: net.categories, preprocessing: net.preprocessing, engine: 'kernels' });
  net.dispose();
  await session.dispose();
  expect(await faultOf(session.classify(digit))).toMatch(/^INPUT .*was disposed of/);
});

it('what does not fit is refused', async () => {
  const file = at('net.safetensors');
  for (const threads of [0, 1.5, 257, '2'])
    expect(await faultOf(openClassifier(file, { threads: threads as number }))).toMatch(/^INPUT .*threads 1 to 256/);
  expect(await faultOf(openClassifier(file, { thread: 1 } as never))).toMatch(/^INPUT .*no option 'thread'/);
  expect(await faultOf(openClassifier(photo('rocket.jpg')))).toMatch(/^FORMAT .*expected a graph/);
  expect(await faultOf(openClassifier(7 as never))).toMatch(/^INPUT openClassifier: expected a path/);
  expect(await faultOf(openClassifier(file, { sha256: '0' }))).toMatch(/^INPUT openClassifier: expected sha256/);
  const session = await openClassifier(file, { threads: 1 });
  expect(await faultOf(session.embed(PHOTOS[0]!))).toMatch(/^INPUT .*gives no features/);
  expect(await faultOf(session.run(new Float32Array(12), [1, 2, 2, 1]))).toMatch(/^SHAPE/);
  await session.dispose();
});
