import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@cnnzoo/core';
import { lenet5_relu } from '@cnnzoo/lenet';
import { resnet20 } from '@cnnzoo/resnet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { relativeError } from '../../../test/harness/parity.js';
import { syntheticImage } from '../../../test/harness/synthetic.js';
import {
  createSession,
  inferenceGraph,
  type QuantizedGraph,
  quantize,
  readGraph,
  saveQuantized,
} from '../src/index.js';
import { KernelsEngine } from '../src/kernels/index.js';

const SHAPE = [1, 32, 32, 3] as const;
const image = syntheticImage(32, 32, 3);
const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-kernels-'));
const path = join(directory, 'resnet20.safetensors');
afterAll(() => rmSync(directory, { recursive: true }));

let quantized: QuantizedGraph;
beforeAll(async () => {
  await useBackend('wasm');
  const net = await resnet20.pretrained();
  const images = [image, syntheticImage(32, 32, 3, 'other')].map((values) => ({ values, shape: SHAPE }));
  await saveQuantized((await quantize(net, images)).graph, path);
  net.dispose();
  quantized = (await readGraph(path)) as QuantizedGraph;
});

it('takes a quantized graph, and its file, in integers', async () => {
  const session = await createSession(quantized, { engine: 'kernels' });
  const fromFile = await createSession(path, { engine: 'kernels', dtype: 'int8' });
  const asFloats = await createSession(path, { engine: 'kernels', dtype: 'float32' });
  const answers = [];
  for (const each of [session, fromFile, asFloats]) answers.push(await each.run(image, SHAPE));
  expect(session.engine).toBe('kernels');
  expect(answers[1]).toEqual(answers[0]);
  const error = relativeError(answers[0]!, answers[2]!);
  expect(error).toBeGreaterThan(1e-4);
  expect(error).toBeLessThan(0.1);
  await expect(session.embed([])).rejects.toMatchObject({ code: 'INPUT' });
  for (const each of [session, fromFile, asFloats]) await each.dispose();
});

it.each(['kernels', 'onnxruntime-web'] as const)('refuses NaN and Infinity in 8 bits, on %s', async (engine) => {
  const session = await createSession(quantized, { engine });
  for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
    const broken = image.slice();
    broken[1500] = value;
    await expect(session.run(broken, SHAPE)).rejects.toMatchObject({ code: 'INPUT' });
  }
  await session.dispose();
  const floats = await createSession(quantized, { engine, dtype: 'float32' });
  expect((await floats.run(image.slice().fill(Number.NaN, 0, 1), SHAPE)).every(Number.isNaN)).toBe(true);
  await floats.dispose();
});

it('chooses an engine for a graph that has no net', async () => {
  const session = await createSession(quantized);
  expect(['kernels', 'onnxruntime-node']).toContain(session.engine);
  await session.dispose();
});

it('refuses integers of a net, and tfjs for a graph', async () => {
  const net = await resnet20.pretrained();
  await expect(createSession(net, { engine: 'kernels', dtype: 'int8' })).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringContaining('await quantize(net, images)'),
  });
  await expect(createSession(quantized, { engine: 'tfjs' })).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringContaining('it needs the net itself'),
  });
  for (const threads of [0, 1.5, 257])
    await expect(createSession(net, { engine: 'kernels', threads })).rejects.toMatchObject({ code: 'INPUT' });
  net.dispose();
});

it('runs two sessions at once, in memories of their own', async () => {
  const net = await resnet20.pretrained();
  const alone = await createSession(net, { engine: 'kernels' });
  const other = syntheticImage(32, 32, 3).map((value) => 1 - value);
  const expected = [await alone.run(image, SHAPE), await alone.run(other, SHAPE)];
  await alone.dispose();
  const sessions = [
    await createSession(net, { engine: 'kernels', threads: 2 }),
    await createSession(net, { engine: 'kernels' }),
  ];
  net.dispose();
  const calls = Array.from({ length: 8 }, (_, i) => sessions[i % 2]!.run(i % 4 < 2 ? image : other, SHAPE));
  for (const [i, answer] of (await Promise.all(calls)).entries()) expect(answer).toEqual(expected[i % 4 < 2 ? 0 : 1]);
  for (const session of sessions) await session.dispose();
  await expect(sessions[0]!.run(image, SHAPE)).rejects.toMatchObject({ code: 'INPUT' });
});

it('takes batches of any size one after the other, in memory that does not grow', async () => {
  const net = lenet5_relu();
  const engine = await KernelsEngine.create(inferenceGraph(net));
  net.dispose();
  const batch = new Float32Array(3 * 28 * 28).map((_, i) => Math.sin(i));
  const one = async (count: number) => (await engine.run(batch.subarray(0, count * 784), [count, 28, 28, 1]))[0]!;
  const all = await one(3);
  const { bytes } = engine;
  for (let i = 0; i < 10_000; i++) {
    const count = i % 1000 === 0 ? 3 : 1;
    const answer = await one(count);
    if (answer.some((value, at) => value !== all[at])) throw new Error(`another answer in run ${i}`);
  }
  expect(engine.bytes).toBe(bytes);
  await engine.dispose();
});
