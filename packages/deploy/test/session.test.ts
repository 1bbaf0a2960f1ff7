import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel, conv, globalAvgPool, linear, relu, seq, useBackend } from '@cnnzoo/core';
import { resnet20 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logitsOf, PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticImage } from '../../../test/harness/synthetic.js';
import { createSession, type EngineName } from '../src/index.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-session-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('wasm');
});

const faultOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => error,
  );

const ENGINES: readonly EngineName[] = ['kernels', 'onnxruntime-node', 'onnxruntime-web', 'tfjs'];
const images = [0, 1, 2].map((seed) => {
  const values = syntheticImage(40, 50, 3, `${seed}`);
  return {
    colorSpace: 'srgb' as const,
    width: 50,
    height: 40,
    data: Uint8ClampedArray.from({ length: 8000 }, (_, i) => (i % 4 === 3 ? 255 : 63 * (values[i % 6000]! + 2))),
  };
});

describe.each(ENGINES)('%s', (engine) => {
  it('answers as the net does, and keeps its weights', async () => {
    const net = await resnet20.pretrained();
    const session = await createSession(net, { engine, threads: 2 });
    expect(session).toMatchObject({ engine, reason: `${engine} was asked for.`, categories: net.categories });
    expect(session.times.load).toBeGreaterThan(0);
    const [answers, vectors] = [await net.classify(images, { topK: 3 }), await net.embed(images)];
    const image = syntheticImage(32, 32, 3);
    const logits = logitsOf(net.model, image, [32, 32, 3]);
    net.dispose();
    expect(relativeError(await session.run(image, [1, 32, 32, 3]), logits)).toBeLessThanOrEqual(PARITY);
    const received = await session.classify(images, { topK: 3 });
    expect(received.map((list) => list.map(({ label }) => label))).toEqual(
      answers.map((list) => list.map(({ label }) => label)),
    );
    for (const [i, list] of received.entries())
      for (const [j, { score }] of list.entries()) expect(score).toBeCloseTo(answers[i]![j]!.score, 5);
    for (const [i, vector] of (await session.embed(images)).entries())
      expect(relativeError(vector, vectors[i]!)).toBeLessThanOrEqual(PARITY);
    expect(await session.classify(images[0]!, { threshold: 0.01 })).toEqual(
      (await session.classify(images[0]!, { topK: 10 })).filter(({ score }) => score > 0.01),
    );
    await session.dispose();
    await session.dispose();
    expect(await faultOf(session.classify(images[0]!))).toMatchObject({ code: 'INPUT' });
    expect(await faultOf(session.run(image, [1, 32, 32, 3]))).toMatchObject({ code: 'INPUT' });
  });

  it('refuses batches that the net does not take, and stops by its signal', async () => {
    const net = await resnet20.pretrained();
    const session = await createSession(net, { engine });
    net.dispose();
    const batch = new Float32Array(32 * 32 * 3);
    for (const shape of [[1, 32, 32], [1, 32, 32, 1], [0, 32, 32, 3], [2, 32, 32, 3], 'all', undefined])
      expect(await faultOf(session.run(batch, shape as never))).toMatchObject({ code: 'SHAPE' });
    expect(await faultOf(session.classify(images, { signal: AbortSignal.abort() }))).toMatchObject({ code: 'ABORTED' });
    expect(await faultOf(session.classify([images[0]!, new Uint8Array(3)]))).toMatchObject({
      code: 'IMAGE',
      message: expect.stringContaining('images[1]'),
    });
    // Calls that have begun end before the engine does.
    const [answer] = await Promise.all([session.run(batch, [1, 32, 32, 3]), session.dispose()]);
    expect(answer.length).toBe(10);
  });
});

describe('a session', () => {
  it('takes onnxruntime-node where it is installed, and says so', async () => {
    const net = await resnet20.pretrained();
    const session = await createSession(net);
    net.dispose();
    expect(session).toMatchObject({ engine: 'onnxruntime-node', reason: 'onnxruntime-node is installed.' });
    await session.dispose();
  });

  it('opens a saved net, and a model by its name', async () => {
    const net = await resnet20.pretrained();
    await net.save(join(directory, 'saved'));
    net.dispose();
    const tensors = tf.memory().numTensors;
    for (const source of [join(directory, 'saved'), 'lenet5']) {
      const session = await createSession(source, { engine: 'onnxruntime-node' });
      expect(session.categories).toHaveLength(10);
      await session.dispose();
    }
    expect(tf.memory().numTensors).toBe(tensors);
    expect(await faultOf(createSession('resnet99'))).toMatchObject({ name: 'CnnzooError' });
    expect(await faultOf(createSession(join(directory, 'none')))).toMatchObject({ code: 'FILE' });
  });

  it('of float16 is close', async () => {
    const net = await resnet20.pretrained();
    const session = await createSession(net, { engine: 'onnxruntime-node', dtype: 'float16' });
    const image = syntheticImage(32, 32, 3);
    const error = relativeError(await session.run(image, [1, 32, 32, 3]), logitsOf(net.model, image, [32, 32, 3]));
    expect(error).toBeLessThan(5e-3);
    expect(error).toBeGreaterThan(1e-6);
    net.dispose();
    await session.dispose();
  });

  it('of a LayersModel has logits, and no preprocessing', async () => {
    const model = buildModel('small', seq([conv(4, 3), relu, globalAvgPool, linear(3)]), [null, null, 3]);
    for (const engine of ENGINES) {
      const session = await createSession(model, { engine });
      for (const [h, w] of [
        [6, 6],
        [7, 9],
      ] as const) {
        const image = syntheticImage(h, w, 3);
        expect(
          relativeError(await session.run(image, [1, h, w, 3]), logitsOf(model, image, [h, w, 3])),
        ).toBeLessThanOrEqual(PARITY);
      }
      expect(await faultOf(session.classify(images[0]!))).toMatchObject({
        code: 'INPUT',
        message: expect.stringContaining('Classifier'),
      });
      expect(await faultOf(session.embed(images[0]!))).toMatchObject({
        code: 'INPUT',
        message: expect.stringContaining('head'),
      });
      await session.dispose();
    }
    model.dispose();
  });

  it.each<[string, object, RegExp]>([
    ['another engine', { engine: 'tensorrt' }, /onnxruntime-node/],
    ['another dtype', { dtype: 'bfloat16' }, /'float32', 'float16', 'int8'/],
    ['float16 of tfjs', { engine: 'tfjs', dtype: 'float16' }, /no float16/],
    ['no threads', { threads: 0 }, /threads/],
    ['an option of its own', { device: 'gpu' }, /'device'/],
    ['a runtime of another engine', { engine: 'onnxruntime-node', runtime: {} }, /'onnxruntime-node' was asked for/],
    ['a runtime of no engine', { engine: 'tfjs', runtime: {} }, /'tfjs' was asked for/],
    ['a runtime that is none', { engine: 'onnxruntime-web', runtime: {} }, /did not start|runtime/],
  ])('refuses %s', async (_, options, message) => {
    const net = await resnet20.pretrained();
    expect(await faultOf(createSession(net, options))).toMatchObject({
      name: 'CnnzooError',
      message: expect.stringMatching(message),
    });
    net.dispose();
  });
});
