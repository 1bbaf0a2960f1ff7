// Streams of images: classify of an async iterable, by a Classifier and by sessions on each engine.

import { type Classifier, type ImageInput, useBackend } from '@cnnzoo/core';
import { resnet20 } from '@cnnzoo/resnet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syntheticImage } from '../../../test/harness/synthetic.js';
import { createSession, type Session } from '../src/index.js';

const NETS = ['Classifier', 'onnxruntime-node', 'onnxruntime-web', 'kernels', 'tfjs'] as const;
const nets = new Map<string, Classifier | Session>();
beforeAll(async () => {
  await useBackend('wasm');
  const net = await resnet20.pretrained();
  for (const name of NETS) nets.set(name, name === 'Classifier' ? net : await createSession(net, { engine: name }));
});
afterAll(async () => {
  for (const net of nets.values()) await net.dispose();
});

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

async function* from<Input>(inputs: Iterable<Input>): AsyncGenerator<Input, void, undefined> {
  yield* inputs;
}

describe.each(NETS)('%s', (name) => {
  const net = (): Classifier | Session => nets.get(name)!;

  it('answers in order, the same bits whatever the batch', async () => {
    const expected = await net().classify(pictures, { topK: 10 });
    for (const batchSize of [1, 2, 3, 4, 11, 50]) {
      const answers = await collect(net().classify(from(pictures), { batchSize, topK: 10 }));
      expect(answers).toEqual(pictures.map((input, i) => ({ input, predictions: expected[i] })));
    }
  });

  it('an image that can not be read is an answer of its own, whatever stands beside it', async () => {
    const bad = Uint8Array.from([1, 2, 3]);
    const lists: ImageInput[][] = [
      [bad],
      [bad, bad, bad],
      [pictures[0]!, bad, pictures[1]!, 'no/such.png', pictures[2]!, null as never],
    ];
    for (const inputs of lists)
      for (const batchSize of [1, 2, 8]) {
        const answers = await collect(net().classify(from(inputs), { batchSize }));
        expect(answers.map((answer) => 'error' in answer)).toEqual(
          inputs.map((input) => input === bad || typeof input === 'string' || input === null),
        );
        const [first] = answers.filter((answer) => 'error' in answer);
        expect((first as { error: Error }).error.message).toContain(`images[${inputs.indexOf(bad)}]`);
      }
    expect(await collect(net().classify(from([])))).toEqual([]);
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
    for await (const _ of net().classify(source(), { batchSize: 4 })) {
      seen++;
      expect(given).toBeLessThanOrEqual(4 * (Math.ceil(seen / 4) + 1));
      if (seen === 9) break;
    }
    expect(ended).toBe(true);
  });

  it('stops by its signal, also while its source waits for ever, and passes on the errors of its source', async () => {
    const controller = new AbortController();
    const work = (async () => {
      for await (const { input } of net().classify(from(pictures), { batchSize: 2, signal: controller.signal })) {
        if (input === pictures[3]) controller.abort();
      }
    })();
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
    async function* waiting() {
      yield pictures[0]!;
      await new Promise(() => undefined);
    }
    const second = new AbortController();
    const stuck = collect(net().classify(waiting(), { batchSize: 2, signal: second.signal }));
    setTimeout(() => second.abort(), 20);
    await expect(stuck).rejects.toMatchObject({ code: 'ABORTED' });
    const left = net().classify(waiting(), { batchSize: 1 });
    await left.next();
    await left.return();
    async function* broken() {
      yield* pictures.slice(0, 5);
      throw new Error('the disk is gone');
    }
    // The error may come while a batch is filled, or between two.
    for (const batchSize of [1, 4, 5, 50]) {
      const seen: unknown[] = [];
      const failing = (async () => {
        for await (const { input } of net().classify(broken(), { batchSize })) seen.push(input);
      })();
      await expect(failing).rejects.toThrow('the disk is gone');
      expect(seen).toEqual(pictures.slice(0, 5));
    }
  });

  it.each<[string, object, RegExp]>([
    ['a batch of none', { batchSize: 0 }, /batchSize/],
    ['an unknown option', { batch: 3 }, /'batch'/],
    ['topK 0', { topK: 0 }, /topK/],
    ['a limit of no pixels', { maxPixels: 0 }, /maxPixels/],
  ])('refuses %s', async (_, options, message) => {
    await expect(collect(net().classify(from(pictures), options))).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(message),
    });
  });

  it('takes a batch size for streams alone, and no other iterables', async () => {
    await expect(net().classify(pictures, { batchSize: 4 } as object)).rejects.toThrow("'batchSize'");
    await expect(net().classify(new Set(pictures) as never)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(/received Set\.$/),
    });
    const generator = (function* () {
      yield* pictures;
    })();
    await expect(net().classify(generator as never)).rejects.toThrow(/received an object\.$/);
  });
});
