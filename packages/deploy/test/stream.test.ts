// Streams of images through a session.

import { useBackend } from '@cnnzoo/core';
import { resnet20 } from '@cnnzoo/resnet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { syntheticImage } from '../../../test/harness/synthetic.js';
import { createSession, type Session } from '../src/index.js';

let session: Session;
beforeAll(async () => {
  await useBackend('wasm');
  const net = await resnet20.pretrained();
  session = await createSession(net, { engine: 'onnxruntime-node' });
  net.dispose();
});
afterAll(() => session.dispose());

const picture = (seed: number): ImageData => {
  const values = syntheticImage(34, 40, 3, `${seed}`);
  const data = Uint8ClampedArray.from({ length: 4 * 34 * 40 }, (_, i) =>
    i % 4 === 3 ? 255 : 63 * (values[i % 4080]! + 2),
  );
  return { width: 40, height: 34, data, colorSpace: 'srgb' } as ImageData;
};
const pictures = Array.from({ length: 11 }, (_, i) => picture(i));

const collect = async <T>(stream: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const each of stream) all.push(each);
  return all;
};

it.each([1, 3, 4, 11, 50])('answers in order, and as classify does, in batches of %d', async (batchSize) => {
  const expected = await session.classify(pictures, { topK: 2 });
  for (const source of [
    pictures,
    new Set(pictures),
    (async function* () {
      yield* pictures;
    })(),
  ]) {
    const answers = await collect(session.classifyAll(source, { batchSize, topK: 2 }));
    expect(answers.map(({ input }) => input)).toEqual(pictures);
    for (const [i, answer] of answers.entries()) {
      if ('error' in answer) throw answer.error;
      expect(answer.predictions.map(({ label }) => label)).toEqual(expected[i]!.map(({ label }) => label));
      for (const [j, { score }] of answer.predictions.entries()) expect(score).toBeCloseTo(expected[i]![j]!.score, 5);
    }
  }
});

it('an image that can not be read is an answer of its own, whatever stands beside it', async () => {
  const bad = Uint8Array.from([1, 2, 3]);
  for (const inputs of [[bad], [bad, bad, bad], [pictures[0]!, bad, pictures[1]!, 'no/such.png', pictures[2]!]])
    for (const batchSize of [1, 2, 8]) {
      const answers = await collect(session.classifyAll(inputs, { batchSize }));
      expect(answers.map((answer) => 'error' in answer)).toEqual(
        inputs.map((input) => input === bad || typeof input === 'string'),
      );
      const [first] = answers.filter((answer) => 'error' in answer);
      expect((first as { error: Error }).error.message).toContain(`images[${inputs.indexOf(bad)}]`);
    }
  expect(await collect(session.classifyAll([]))).toEqual([]);
});

it('reads no more than two batches ahead, and ends its source where it is left', async () => {
  let [given, ended] = [0, false];
  async function* source() {
    try {
      for (;;) {
        given++;
        yield pictures[0]!;
      }
    } finally {
      ended = true;
    }
  }
  let seen = 0;
  for await (const _ of session.classifyAll(source(), { batchSize: 4 })) {
    seen++;
    expect(given).toBeLessThanOrEqual(4 * (Math.ceil(seen / 4) + 1));
    if (seen === 9) break;
  }
  expect(ended).toBe(true);
});

it('stops by its signal, and passes on the errors of its source', async () => {
  const controller = new AbortController();
  const work = (async () => {
    for await (const { input } of session.classifyAll(pictures, { batchSize: 2, signal: controller.signal })) {
      if (input === pictures[3]) controller.abort();
    }
  })();
  await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
  async function* broken() {
    yield pictures[0]!;
    throw new Error('the disk is gone');
  }
  const seen: unknown[] = [];
  const failing = (async () => {
    for await (const answer of session.classifyAll(broken(), { batchSize: 1 })) seen.push(answer);
  })();
  await expect(failing).rejects.toThrow('the disk is gone');
  expect(seen).toHaveLength(1);
});

it.each<[string, unknown, object, RegExp]>([
  ['a batch of none', pictures, { batchSize: 0 }, /batchSize/],
  ['an unknown option', pictures, { batch: 3 }, /'batch'/],
  ['a path', 'photos', {}, /iterable/],
  ['bytes', new Uint8Array(3), {}, /iterable/],
  ['nothing', null, {}, /iterable/],
  ['topK 0', pictures, { topK: 0 }, /topK/],
])('refuses %s', async (_, images, options, message) => {
  await expect(collect(session.classifyAll(images as ImageData[], options))).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringMatching(message),
  });
});
