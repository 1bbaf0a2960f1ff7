// A classifier in a worker thread, from packages/*/dist, which users get: `pnpm test` builds first.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Classifier, CnnzooError, type ImageInput, type Prediction, useBackend } from '@cnnzoo/core';
import { type InWorkerOptions, inWorker, type WorkerClassifier } from '@cnnzoo/core/worker';
import { resnet20 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const here = (path: string): URL => new URL(path, import.meta.url);
const photo = fileURLToPath(here('../examples/photos/chelsea.png'));
const rocket = fileURLToPath(here('../examples/photos/rocket.jpg'));

const open: Worker[] = [];
function startThread(workerData: object = {}, file = 'net.mjs'): Worker {
  const worker = new Worker(here(`workers/${file}`), { workerData });
  open.push(worker);
  return worker;
}
const serve = (data: object, options?: InWorkerOptions): Promise<WorkerClassifier> =>
  inWorker(() => startThread(data), options);

let here20: Classifier;
let net: WorkerClassifier;
let steady: Worker;

beforeAll(async () => {
  await useBackend('wasm');
  here20 = await resnet20.pretrained();
  net = await inWorker(() => {
    steady = startThread();
    return steady;
  });
});
afterEach(async () => {
  for (const worker of open.splice(0)) if (worker !== steady) await worker.terminate();
});
afterAll(async () => {
  net.dispose();
  here20.dispose();
  await steady.terminate();
});

/** The error of a call, in the parts that matter to a caller. */
async function faultOf(call: Promise<unknown>): Promise<unknown> {
  const error = await call.then(
    (value) => expect.fail(`expected an error, received ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CnnzooError);
  const { code, message } = error as CnnzooError;
  return { code, message };
}

const photoBytes = (): Promise<Buffer> => readFile(photo);
const imageData = (): ImageInput => {
  const data = Uint8ClampedArray.from({ length: 40 * 36 * 4 }, (_, i) => (i * 37) % 256);
  return { data, width: 40, height: 36 } as unknown as ImageData;
};

describe('answers are those of the same thread', () => {
  const inputs: Record<string, () => ImageInput | Promise<ImageInput>> = {
    'a path': () => photo,
    'a JPEG': () => rocket,
    'a file: URL': () => pathToFileURL(photo),
    'the text of a file: URL': () => pathToFileURL(photo).href,
    'a Buffer': photoBytes,
    'an ArrayBuffer': async () => new Uint8Array(await photoBytes()).buffer,
    'a SharedArrayBuffer': async () => {
      const bytes = await photoBytes();
      const shared = new SharedArrayBuffer(bytes.length);
      new Uint8Array(shared).set(bytes);
      return shared;
    },
    'a view of shared memory': async () => {
      const bytes = await photoBytes();
      const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 7), 7);
      view.set(bytes);
      return view;
    },
    'a DataView of a part': async () => {
      const bytes = await photoBytes();
      const memory = new Uint8Array(bytes.length + 10);
      memory.set(bytes, 3);
      return new DataView(memory.buffer, 3, bytes.length);
    },
    'a Blob': async () => new Blob([new Uint8Array(await photoBytes())]),
    ImageData: imageData,
  };

  it.each(Object.entries(inputs))('for %s', async (_, make) => {
    const every = { topK: 10 };
    expect(await net.classify(await make(), every)).toEqual(await here20.classify(await make(), every));
    expect(await net.embed(await make())).toEqual(await here20.embed(await make()));
  });

  it.each([1, 3, 4] as const)('for tensors of %i channels', async (channels) => {
    const ints = tf.tidy(() => tf.cast(tf.randomUniform([40, 36, channels], 0, 256, 'float32', 5), 'int32'));
    const floats = tf.randomUniform([40, 36, channels], 0, 1, 'float32', 6);
    for (const image of [ints, floats] as tf.Tensor3D[]) {
      expect(await net.classify(image)).toEqual(await here20.classify(image));
      image.dispose();
    }
  });

  it('for lists, with options, and for none', async () => {
    const list = [photo, await photoBytes(), imageData()];
    const options = { topK: 2, threshold: 0.01 };
    expect(await net.classify(list, options)).toEqual(await here20.classify(list, options));
    expect(await net.embed(list)).toEqual(await here20.embed(list));
    expect(await net.classify([])).toEqual([]);
    expect(await net.embed([])).toEqual([]);
  });

  it('for activations, which are tensors of this thread', async () => {
    const names = ['layer1.0.conv1', 'layer3.2.out'] as const;
    const there = await net.activations([photo, rocket], names);
    const local = await here20.activations([photo, rocket], names);
    for (const name of names) {
      expect(there[name].shape).toEqual(local[name].shape);
      expect(there[name].dtype).toBe('float32');
      expect(await there[name].data()).toEqual(await local[name].data());
      tf.dispose([there[name], local[name]]);
    }
  });

  it('on another backend, within 1e-5', async () => {
    const cpu = await serve({ backend: 'cpu' });
    const [there, local] = [await cpu.embed(photo), await here20.embed(photo)];
    const largest = Math.max(...local.map(Math.abs));
    local.forEach((value, i) => {
      expect(Math.abs(there[i]! - value) / largest).toBeLessThan(1e-5);
    });
    // Another backend rounds otherwise, so that the worker's choice shows.
    expect(there).not.toEqual(local);
    cpu.dispose();
  });

  it('and so are the facts about the net', () => {
    const { preprocessing, categories, weights, activation } = here20;
    expect(net).toMatchObject({ preprocessing, categories, weights, activation });
  });
});

describe('memory of the caller', () => {
  it('stays, but for what is transferred', async () => {
    const bytes = new Uint8Array(await photoBytes());
    const before = bytes.slice();
    const copied = await net.classify(bytes);
    expect(bytes).toEqual(before);
    const moved = await net.classify([bytes, bytes], { transfer: true });
    expect(moved).toEqual([copied, copied]);
    expect(bytes.byteLength).toBe(0);

    const pixels = imageData() as ImageData;
    await net.classify(pixels, { transfer: true });
    expect(pixels.data.length).toBe(0);
  });

  it('stays if an image has only a part of it', async () => {
    const file = await photoBytes();
    const memory = new Uint8Array(file.length + 8);
    memory.set(file, 8);
    const before = memory.slice();
    const expected = await net.classify(file);
    expect(await net.classify(memory.subarray(8), { transfer: true })).toEqual(expected);
    expect(memory).toEqual(before);
  });

  it('is read at the call', async () => {
    const bytes = new Uint8Array(await photoBytes());
    const expected = await net.classify(bytes);
    const answer = net.classify(bytes);
    bytes.fill(0);
    expect(await answer).toEqual(expected);
  });

  it('is refused by a CnnzooError if it was moved before', async () => {
    const bytes = new Uint8Array(await photoBytes());
    await net.classify(bytes, { transfer: true });
    for (const image of [bytes, bytes.buffer]) {
      const fault = await faultOf(here20.classify(image));
      expect(fault).toMatchObject({ code: 'INPUT', message: expect.stringContaining('transferred') });
      expect(await faultOf(net.classify(image))).toEqual(fault);
      expect(await faultOf(net.classify(image, { transfer: true }))).toEqual(fault);
    }
    expect(await net.classify(photo)).toHaveLength(5);
  });
});

describe('errors', () => {
  const anything = (value: unknown): ImageInput => value as ImageInput;
  async function* framesOf(frame: unknown): AsyncGenerator<ImageInput> {
    yield anything(frame);
  }
  const holed: ImageInput[] = [];
  holed[1] = photo;
  const calls: Record<string, (net: Classifier | WorkerClassifier) => Promise<unknown>> = {
    'a missing file': (net) => net.classify('no/such.png'),
    'bytes that are no image': (net) => net.classify(new Uint8Array(9)),
    'one bad image of a list': (net) => net.classify([photo, new Uint8Array(9)]),
    'too many pixels': (net) => net.embed(photo, { maxPixels: 10 }),
    'a number': (net) => net.classify(anything(7)),
    'null in a list': (net) => net.classify([photo, anything(null)]),
    'an object': (net) => net.embed(anything({ width: 3 })),
    'float pixels': (net) => net.classify(anything({ data: new Float32Array(4), width: 1, height: 1 })),
    'topK 0': (net) => net.classify(photo, { topK: 0 }),
    'thresholds of other classes': (net) => net.classify(photo, { threshold: [0.5] }),
    'a layer that does not exist': (net) => net.activations(photo, ['layer9']),
    'topK of a text': (net) => net.classify(photo, { topK: 'one' as never }),
    'options that are null': (net) => net.classify(photo, null as never),
    'options that are a number': (net) => net.embed(photo, 5 as never),
    'options that are a text': (net) => net.classify(photo, 'fast' as never),
    'a signal that is none': (net) => net.classify(photo, { signal: {} as never }),
    'the controller of a signal': (net) => net.embed(photo, { signal: new AbortController() as never }),
    'a single name of a layer': (net) => net.activations(photo, 'conv1' as never),
    'no names of layers': (net) => net.activations(photo, undefined as never),
    'a set of names': (net) => net.activations(photo, new Set(['conv1']) as never),
    'a list with a hole': (net) => net.classify(holed),
    'a frame that is none': (net) => net.watch(framesOf(null)).next(),
    'a frame that is undefined': (net) => net.watch(framesOf(undefined)).next(),
    'a frame that is a list': (net) => net.watch(framesOf([photo, photo])).next(),
    'a signal that has aborted': (net) => net.classify(photo, { signal: AbortSignal.abort() }),
    'a source that is none': (net) => net.watch(anything([photo]) as never).next(),
  };

  it.each(Object.entries(calls))('of %s are those of the same thread', async (_, call) => {
    expect(await faultOf(call(net))).toEqual(await faultOf(call(here20)));
  });

  it('name options that can not be sent', async () => {
    const calls: [string, () => Promise<unknown>][] = [
      ['topK', () => net.classify(photo, { topK: (() => 1) as never })],
      ['threshold', () => net.classify(photo, { threshold: (() => 1) as never })],
      ['maxPixels', () => net.embed(photo, { maxPixels: Symbol('many') as never })],
      ['names', () => net.activations(photo, [(() => 1) as never])],
    ];
    for (const [name, call] of calls)
      expect(await faultOf(call())).toMatchObject({
        code: 'INPUT',
        message: expect.stringContaining(`expected ${name} to`),
      });
    expect(await net.classify(photo)).toHaveLength(5);
  });

  it('name options that do not exist', async () => {
    const options = { topk: 1 } as object;
    expect(await faultOf(net.classify(photo, options))).toMatchObject({ code: 'INPUT', message: /'topk'/ });
    expect(await faultOf(net.embed(photo, { topK: 1 } as object))).toMatchObject({ message: /'topK'/ });
    expect(await faultOf(net.watch((async function* () {})(), options).next())).toMatchObject({ message: /'topk'/ });
    expect(await faultOf(net.embed(photo, { transfer: 1 as never }))).toMatchObject({ message: /transfer/ });
    expect(await faultOf(inWorker(() => startThread(), { timeout: 1 } as object))).toMatchObject({
      message: /'timeout'/,
    });
    expect(await faultOf(inWorker(() => startThread(), { timeoutMs: 0 }))).toMatchObject({ code: 'INPUT' });
    for (const timeoutMs of ['5000', true, null])
      expect(await faultOf(inWorker(() => startThread(), { timeoutMs: timeoutMs as never }))).toMatchObject({
        message: /timeoutMs/,
      });
    expect(await faultOf(inWorker(() => startThread(), { progress: 5 as never }))).toMatchObject({
      message: /progress/,
    });
    expect(await faultOf(inWorker(() => startThread(), { signal: {} as never }))).toMatchObject({ message: /signal/ });
    expect(await faultOf(inWorker(startThread() as never))).toMatchObject({ code: 'INPUT' });
    expect(await faultOf(inWorker(() => ({}) as never))).toMatchObject({ code: 'INPUT' });
  });
});

describe('a signal', () => {
  it('ends the work in the worker', async () => {
    const slow = await serve({ mode: 'fake' });
    const controller = new AbortController();
    const waiting = new AbortController();
    const reason = new Error('enough');
    const calls = [
      slow.classify('first', { signal: controller.signal }),
      slow.classify('second', { signal: waiting.signal }),
      slow.classify('fast'),
    ];
    const faults = Promise.all(calls.slice(0, 2).map((call) => call.catch((error: unknown) => error)));
    waiting.abort();
    controller.abort(reason);
    const [first, second] = await faults;
    expect(first).toMatchObject({
      code: 'ABORTED',
      message: 'The classification was stopped by its signal.',
      cause: reason,
    });
    expect(second).toMatchObject({ code: 'ABORTED' });
    // Answered, since the calls before it have ended.
    expect(await calls[2]).toEqual(['fast']);
    expect(await slow.classify('log')).toContain('ends fast');
  });

  it('ends a long list of images', async () => {
    const controller = new AbortController();
    const list = net.classify(Array<string>(100_000).fill(photo), { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    expect(await faultOf(list)).toMatchObject({ code: 'ABORTED' });
    // Decoding the list would take the better part of an hour.
    expect(await net.classify(photo)).toEqual(await here20.classify(photo));
  });

  it('ends the start', async () => {
    const controller = new AbortController();
    const start = serve({ mode: 'nothing' }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 10);
    expect(await faultOf(start)).toMatchObject({ code: 'ABORTED' });
    expect(await faultOf(serve({}, { signal: AbortSignal.abort() }))).toMatchObject({ code: 'ABORTED' });
  });
});

it('several calls keep their order, and each gets its own answer', async () => {
  const done: number[] = [];
  const images = [imageData(), photo, await photoBytes(), rocket];
  const expected = await here20.classify(images);
  const answers = await Promise.all(
    images.map(async (image, i) => {
      const answer = await net.classify(image);
      done.push(i);
      return answer;
    }),
  );
  expect(answers).toEqual(expected);
  expect(done).toEqual([0, 1, 2, 3]);

  const slow = await serve({ mode: 'fake' });
  await Promise.all([slow.classify('slow'), slow.classify('fast')]);
  expect(await slow.classify('log')).toEqual(['begins slow', 'ends slow', 'begins fast', 'ends fast']);
});

describe('a worker that fails', () => {
  const BACKEND = { code: 'BACKEND' };

  it.each([
    ['its file is missing', () => inWorker(() => startThread({}, 'none.mjs')), { message: /none\.mjs/ }],
    ['its file throws', () => serve({ mode: 'throws' }), { message: /did not start: a fault of the file/ }],
    ['its file ends', () => inWorker(() => startThread({}, 'ends.mjs')), { message: /serveClassifier/ }],
    ['its file serves nothing', () => serve({ mode: 'nothing' }, { timeoutMs: 50 }), { message: /within 0\.05 s/ }],
    [
      'it can not be made',
      () =>
        inWorker(() => {
          throw new Error('not here');
        }),
      { message: /not here/ },
    ],
  ])('rejects if %s', async (_, start, expected) => {
    expect(await faultOf(start())).toMatchObject({ ...BACKEND, ...expected });
  });

  it('rejects at once if it has ended before', async () => {
    const worker = startThread();
    await worker.terminate();
    expect(await faultOf(inWorker(() => worker))).toMatchObject({ ...BACKEND, message: /has ended already/ });
  });

  it('rejects with an error of progress', async () => {
    const error = new Error('no such bar');
    const start = serve(
      {},
      {
        progress: () => {
          throw error;
        },
      },
    );
    await expect(start).rejects.toBe(error);
  });

  it('answers on after an error or an answer that can not be sent', async () => {
    const odd = await serve({ mode: 'fake' });
    for (const image of ['odd error', 'odd answer']) await expect(odd.classify(image)).rejects.toThrow();
    expect(await odd.classify('fast')).toEqual(['fast']);
  });

  it('passes on the error of the function that makes the classifier', async () => {
    const error = await serve({ mode: 'fails' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CnnzooError);
    expect(error).toMatchObject({ code: 'DOWNLOAD', message: 'no such server' });
    expect((error as Error).cause).toMatchObject({ name: 'TypeError', message: 'fetch failed' });
    expect(((error as Error).cause as Error).cause).toMatchObject({ message: 'ENOTFOUND' });
    await expect(serve({ mode: 'breaks' })).rejects.toMatchObject({
      name: 'RangeError',
      message: 'a fault of its own',
    });
    await expect(serve({ mode: 'no classifier' })).rejects.toMatchObject({ code: 'INPUT' });
    await expect(serve({ mode: 'twice' })).rejects.toMatchObject({ message: expect.stringContaining('already') });
  });

  it.each([
    ['dies', /has died: it exited with 3/],
    ['throws', /has died: out of memory, say/],
  ])('rejects the calls without an answer if it %s, and later ones', async (image, message) => {
    const mortal = await serve({ mode: 'fake' });
    const calls = [mortal.classify(image), mortal.embed(photo)];
    const faults = await Promise.all(calls.map(faultOf));
    expect(faults).toEqual([expect.objectContaining(BACKEND), faults[0]]);
    expect(faults[0]).toMatchObject({ message: expect.stringMatching(message) });
    expect(await faultOf(mortal.classify(photo))).toEqual(faults[0]);
    mortal.dispose();
  });

  it('does so after dispose', async () => {
    const short = await serve({});
    const pending = faultOf(short.classify(photo));
    short.dispose();
    short.dispose();
    expect(await pending).toMatchObject({ code: 'INPUT', message: expect.stringContaining('disposed') });
    expect(await faultOf(short.classify(photo))).toMatchObject({ code: 'INPUT' });
    expect(
      await faultOf(
        short
          .watch(
            (async function* () {
              yield photo;
            })(),
          )
          .next(),
      ),
    ).toMatchObject({ code: 'INPUT' });
  });
});

it('takes a worker that serves late, reports progress, and leaves messages of others alone', async () => {
  const states: unknown[] = [];
  let worker!: Worker;
  const late = await inWorker(
    async () => {
      worker = startThread({ mode: 'late' });
      return worker;
    },
    { progress: (state) => states.push(state) },
  );
  expect(states).toEqual([{ loaded: 1, total: 2 }]);
  const heard: unknown[] = [];
  worker.on('message', (message) => heard.push(message));
  worker.postMessage({ kind: 'call', id: 0 });
  worker.postMessage('ping');
  expect(await late.classify(photo)).toHaveLength(5);
  expect(heard).toContain('pong');
});

it('takes a worker that was started long before', async () => {
  const worker = startThread();
  // Its first messages have passed.
  await new Promise<void>((resolve) => {
    worker.on('message', (message: { kind?: string; mark?: string } | null) => {
      if (message?.mark && message.kind === 'ready') resolve();
    });
  });
  const net = await inWorker(() => worker);
  expect(await net.classify(photo)).toHaveLength(5);
});

it.each(['here', 'in a worker'])('watches a source, %s', async (where) => {
  const watched = where === 'here' ? here20 : net;
  const list = [photo, rocket];
  const expected = await here20.classify(list, { topK: 1 });
  const answers: Prediction[][] = [];
  // The second image comes when the first is answered, so that neither is dropped.
  let ask: () => void = () => undefined;
  async function* images(): AsyncGenerator<ImageInput> {
    for (const image of list) {
      yield image;
      await new Promise<void>((resolve) => {
        ask = resolve;
      });
    }
  }
  for await (const found of watched.watch(images(), { topK: 1 })) {
    answers.push(found);
    ask();
  }
  expect(answers).toEqual(expected);
});

it('is served in workers alone', async () => {
  const { serveClassifier } = await import('@cnnzoo/core/worker');
  const error = (): void => serveClassifier(() => here20);
  // Vitest's own processes are no worker threads.
  expect(error).toThrow(/this is no worker/);
  expect(() => serveClassifier(undefined as never)).toThrow(CnnzooError);
});

describe('a process', () => {
  const run = async (program: string): Promise<string> =>
    (
      await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
        cwd: fileURLToPath(here('.')),
      })
    ).stdout;
  const prelude = `
    import { Worker } from 'node:worker_threads';
    import { inWorker } from '@cnnzoo/core/worker';
    const net = await inWorker(() => new Worker(new URL('${here('workers/net.mjs')}'), { execArgv: [] }));
    const label = ([best]) => console.log(best.label);`;

  it('ends by itself after its last call', async () => {
    expect(await run(`${prelude} label(await net.classify('${photo}'));`)).toBe('cat\n');
  });

  it('waits for the calls that it has made', async () => {
    expect(await run(`${prelude} net.classify('${photo}').then(label);`)).toBe('cat\n');
  });
});
