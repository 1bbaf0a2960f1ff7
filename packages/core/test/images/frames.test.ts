import { setTimeout as wait } from 'node:timers/promises';
import { CnnzooError, type FrameSource, type ImageInput } from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { watch } from '../../src/images/late.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Stands for an ImageBitmap, and counts how often it was closed. */
class Frame {
  readonly width = 1;
  readonly height = 1;
  closed = 0;
  constructor(readonly name: number) {}
  close(): void {
    this.closed++;
  }
}
const asImage = (frame: unknown): ImageInput => frame as ImageInput;
const nameOf = (image: ImageInput): number => (image as unknown as Frame).name;

/** Frames that arrive when `push` is called, as a camera's do. */
function camera() {
  const frames: Frame[] = [];
  const waiting: (() => void)[] = [];
  const state = { ended: false, left: false, pulled: 0 };
  async function* source(): AsyncGenerator<ImageInput> {
    try {
      for (;;) {
        while (state.pulled === frames.length && !state.ended)
          await new Promise<void>((resolve) => waiting.push(resolve));
        if (state.pulled === frames.length) return;
        yield asImage(frames[state.pulled++]);
      }
    } finally {
      state.left = true;
    }
  }
  const wake = (): void => {
    for (const each of waiting.splice(0)) each();
  };
  return {
    frames,
    state,
    source: source(),
    push() {
      frames.push(new Frame(frames.length));
      wake();
    },
    end() {
      state.ended = true;
      wake();
    },
    /** Resolves when all pushed frames have been taken. */
    async drained() {
      while (state.pulled < frames.length) await wait(1);
      await wait(1);
    },
  };
}

describe('watch', () => {
  it('answers the newest frame and drops those that came meanwhile', async () => {
    const { frames, source, push, end, drained } = camera();
    push();
    const seen: number[] = [];
    const answer = async (image: ImageInput): Promise<number> => {
      seen.push(nameOf(image));
      if (nameOf(image) === 0) {
        for (let i = 0; i < 3; i++) push();
        await drained();
      } else end();
      expect((image as unknown as Frame).closed, 'open during its answer').toBe(0);
      return nameOf(image);
    };
    const answers: number[] = [];
    for await (const found of watch(source, answer, undefined)) answers.push(found);
    expect(answers).toEqual([0, 3]);
    expect(seen).toEqual([0, 3]);
    expect(frames.map(({ closed }) => closed)).toEqual([1, 1, 1, 1]);
  });

  it('frees a frame that waits while the caller is busy, and asks the source on', async () => {
    const { frames, source, push, drained, state } = camera();
    push();
    for await (const found of watch(source, async (image) => nameOf(image), undefined)) {
      if (found === 2) break;
      push();
      push();
      await drained();
    }
    expect(frames.map(({ closed }) => closed)).toEqual([1, 1, 1]);
    push();
    await drained();
    await wait(1);
    expect(frames[3]!.closed, 'a frame that came after the end').toBe(1);
    expect(state.left, 'the generator was left').toBe(true);
  });

  it.each(['before', 'during an answer', 'between answers', 'while it waits'])(
    'ends without an error if the signal aborts %s',
    async (when) => {
      const { source, push, frames, end } = camera();
      const controller = new AbortController();
      if (when === 'before') controller.abort();
      push();
      const answer = async (image: ImageInput): Promise<number> => {
        if (when === 'during an answer') {
          controller.abort();
          throw new CnnzooError('ABORTED', 'as classify does');
        }
        return nameOf(image);
      };
      let count = 0;
      for await (const found of watch(source, answer, controller.signal)) {
        count++;
        expect(found).toBe(0);
        if (when === 'between answers') controller.abort();
        else setTimeout(() => controller.abort(), 5);
      }
      expect(count).toBe(when === 'before' || when === 'during an answer' ? 0 : 1);
      end();
      if (when !== 'before') expect(frames[0]!.closed).toBe(1);
    },
  );

  it('throws the errors of answers and of the source, and frees their frames', async () => {
    const { source, push, frames, end } = camera();
    push();
    const failing = watch(source, () => Promise.reject(new CnnzooError('IMAGE', 'damaged')), undefined);
    await expect(failing.next()).rejects.toMatchObject({ code: 'IMAGE' });
    expect(frames[0]!.closed).toBe(1);
    end();

    const frame = new Frame(0);
    async function* broken(): AsyncGenerator<ImageInput> {
      yield asImage(frame);
      throw new Error('unplugged');
    }
    const answers = watch(broken(), async () => 0, undefined);
    await expect(
      (async () => {
        for await (const _ of answers);
      })(),
    ).rejects.toThrow('unplugged');
    expect(frame.closed).toBe(1);
  });

  it('lets timers run beside a source that always has a frame ready', async () => {
    let made = 0;
    async function* endless(): AsyncGenerator<ImageInput> {
      for (;;) yield asImage(new Frame(made++));
    }
    let answers = 0;
    for await (const _ of watch(endless(), () => wait(5), undefined)) if (++answers === 3) break;
    const after = made;
    await wait(20);
    expect(made - after, 'frames made after the loop was left').toBeLessThanOrEqual(1);
  });

  it('reads a ReadableStream and cancels it', async () => {
    let cancelled = false;
    const frames = Array.from({ length: 3 }, (_, i) => new Frame(i));
    const stream = new ReadableStream<ImageInput>({
      start: (controller) => {
        for (const frame of frames) controller.enqueue(asImage(frame));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const found of watch(stream, async (image) => nameOf(image), undefined)) if (found === 2) break;
    expect(cancelled).toBe(true);
    expect(frames.map(({ closed }) => closed)).toEqual([1, 1, 1]);
  });

  it('disposes of tensors', async () => {
    async function* tensors(): AsyncGenerator<ImageInput> {
      for (let i = 0; i < 4; i++) yield tf.zeros([1, 1, 3], 'int32');
    }
    for await (const shape of watch(tensors(), async (image) => (image as tf.Tensor).shape, undefined))
      expect(shape).toEqual([1, 1, 3]);
  });

  it.each([[undefined], [null], [['a.png', 'b.png']]])('refuses the frame %j, and asks no further', async (frame) => {
    let isLeft = false;
    async function* frames(): AsyncGenerator<ImageInput> {
      try {
        for (;;) yield asImage(frame);
      } finally {
        isLeft = true;
      }
    }
    const answers = watch(frames(), async () => 0, undefined);
    await expect(answers.next()).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('the frame: expected a path'),
    });
    await wait(1);
    expect(isLeft).toBe(true);
  });

  it('ends by its signal though the end of the source throws', async () => {
    const source: AsyncIterable<ImageInput> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: () => {
          throw new Error('unplugged');
        },
      }),
    };
    const controller = new AbortController();
    const answers = watch(source, async () => 0, controller.signal);
    const next = answers.next();
    // An error in the signal's listener would be an uncaught exception, which fails the run.
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it.each([[['a.png']], ['a.png'], [null], [{}]])('refuses %j', async (source) => {
    const answers = watch(source as unknown as FrameSource, async () => 0, undefined);
    await expect(answers.next()).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('watch: expected a video'),
    });
  });
});
