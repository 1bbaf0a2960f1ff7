import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, expectTypeOf, it, vi } from 'vitest';
import {
  batchNorm,
  type Classifier,
  CnnzooError,
  defineModel,
  defineWeights,
  globalAvgPool,
  head,
  identity,
  linear,
  type PretrainedOptions,
  readStateDict,
  relu,
  type Source,
  type StateDict,
  sameConv,
  seq,
  stateDict,
  useBackend,
  type WeightsInfo,
} from '../../src/index.js';
import { safetensors, sha256 } from './checkpoint.js';
import { contents, pathOf, published, useFixture } from './fixture.js';
import { serveFile } from './server.js';

const fixture = useFixture();
const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
beforeAll(async () => {
  await useBackend('cpu');
  // tfjs greets with a warning at its first tensor.
  tf.scalar(0).dispose();
  warnings.mockClear();
});
const made: Classifier[] = [];
afterEach(() => {
  warnings.mockClear();
  for (const net of made.splice(0)) net.dispose();
});

const LABELS = ['cat', 'dog', 'owl', 'yak'];

const info = (source: Source, mean: number[], categories: readonly string[] | null = LABELS): WeightsInfo => ({
  sources: [source],
  parameters: 0,
  fileSize: 0,
  minSize: [1, 1],
  metrics: { values: {}, measuredBy: 'nobody' },
  preprocessing: { resize: 10, crop: [8, 8], channels: 3, mean, std: [0.2, 0.3, 0.4], interpolation: 'bilinear' },
  categories,
  licence: 'MIT',
  recipe: 'none',
});

/** The state dict of the small net, with values of its own for each seed. */
function checkpoint(seed: number, metadata: Record<string, string> = {}, classes = 4): Uint8Array {
  const tensor = (shape: number[], offset: number) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(seed + offset + i * 1.7)),
  });
  return safetensors(
    {
      'stem.weight': tensor([5, 3, 3, 3], 0),
      'bn.weight': tensor([5], 1),
      'bn.bias': tensor([5], 2),
      'bn.running_mean': tensor([5], 3),
      'bn.running_var': { shape: [5], data: Float32Array.of(1, 2, 3, 4, 5) },
      'body.weight': tensor([6, 5, 3, 3], 4),
      'aux.weight': tensor([2], 5),
      'fc.weight': tensor([classes, 6], 6),
      'fc.bias': tensor([classes], 7),
    },
    metadata,
  );
}

const V1 = checkpoint(1);
const V2 = checkpoint(2);

function small() {
  const { server } = fixture;
  const [first, second] = [published(server.url, V1, 'first'), published(server.url, V2, 'second')];
  server.routes.set(pathOf(first), serveFile(V1));
  server.routes.set(pathOf(second), serveFile(V2));
  const entry = (source: Source, mean: number[]) => ({ ...info(source, mean), mayDrop: ['aux.'] });
  return defineModel({
    name: 'small',
    head: 'fc',
    inputShape: [8, 8, 3],
    numClasses: 4,
    weights: defineWeights(
      { V1: entry(first, [0.1, 0.1, 0.1]), V2: entry(second, [0.2, 0.5, 0.8]), V0: entry(first, [0, 0, 0]) },
      'V2',
    ),
    net: ({ numClasses }) =>
      seq({
        stem: sameConv(5, 3, { bias: false }),
        bn: batchNorm(),
        relu,
        body: sameConv(6, 3, { bias: false }),
        pool: globalAvgPool,
        fc: head(numClasses, (classes) => linear(classes)),
      }),
  });
}

type Small = ReturnType<typeof small>;

async function pretrained(options: PretrainedOptions<'V0' | 'V1' | 'V2'> = {}, model: Small = small()) {
  const net = await model.pretrained(options);
  made.push(net);
  return net;
}

const values = (state: StateDict, key: string): number[] => Array.from(state.get(key)!.data as Float32Array);

/** The first value of the stem tells the checkpoints apart. */
const seedOf = async (net: Classifier): Promise<number> => {
  const [first] = values(await stateDict(net), 'stem.weight');
  return [1, 2, 3].find((seed) => Math.abs(Math.sin(seed) - first!) < 1e-6)!;
};

describe('by name', () => {
  it('gives the default entry, its preprocessing and its categories', async () => {
    const net = await pretrained();
    expect(await seedOf(net)).toBe(2);
    expect(net).toMatchObject({ weights: 'V2', categories: LABELS, preprocessing: { mean: [0.2, 0.5, 0.8] } });
    const state = await stateDict(net);
    expect([...state.keys()].sort()).toEqual([
      'bn.bias',
      'bn.running_mean',
      'bn.running_var',
      'bn.weight',
      'body.weight',
      'fc.bias',
      'fc.weight',
      'stem.weight',
    ]);
    expect(values(state, 'bn.running_var')).toEqual([1, 2, 3, 4, 5]);
    expect(warnings).not.toHaveBeenCalled();
  });

  it('or by the entry itself, and works from the cache without a server', async () => {
    const model = small();
    await pretrained({ weights: 'V1' }, model);
    await fixture.server.close();
    expect(await seedOf(await pretrained({ weights: 'V1' }, model))).toBe(1);
    expect(await seedOf(await pretrained({ weights: model.weights.V1 }, model))).toBe(1);
  });

  it('reports progress in bytes, and hears its signal', async () => {
    const states: { loaded: number; total: number | null }[] = [];
    await pretrained({ progress: (state) => states.push(state) });
    expect(states.at(-1)).toEqual({ loaded: V2.length, total: V2.length });
    await expect(pretrained({ weights: 'V1', signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('says which names there are', async () => {
    const model = small();
    for (const name of ['V3', 'constructor', 'toString'])
      await expect(model.pretrained({ weights: name })).rejects.toMatchObject({
        code: 'INPUT',
        message: expect.stringContaining("'V1', 'V2', 'V0', 'DEFAULT'"),
      });
    const other = defineModel({
      name: 'other',
      net: () => identity,
      head: 'fc',
      inputShape: [4, 4, 3],
      numClasses: 2,
      weights: defineWeights({ V1: info(published('http://x', V1), [0]) }, 'V1'),
    }).weights.V1;
    await expect(model.pretrained({ weights: other })).rejects.toMatchObject({ code: 'INPUT' });
  });
});

describe('from a file', () => {
  const path = async (bytes: Uint8Array, name = 'mine.safetensors') => {
    const file = join(fixture.directory, name);
    await writeFile(file, bytes);
    return file;
  };

  it('knows an entry by the hash of the file: path, URL of it, bytes, Blob', async () => {
    const file = await path(V1);
    const sources = [file, new URL(`file://${file}`), V1, new Blob([V1 as Uint8Array<ArrayBuffer>])];
    for (const weights of sources) {
      expect(await pretrained({ weights })).toMatchObject({ weights: 'V1', preprocessing: { mean: [0.1, 0.1, 0.1] } });
    }
    expect(warnings).not.toHaveBeenCalled();
    expect(fixture.server.seen).toHaveLength(0);
    expect(await contents(fixture.cache)).toEqual({});
  });

  it('or by its metadata', async () => {
    const file = await path(checkpoint(3, { 'cnnzoo.model': 'small', 'cnnzoo.weights': 'V1' }));
    const net = await pretrained({ weights: file });
    expect([await seedOf(net), net.weights]).toEqual([3, 'V1']);
    expect(warnings).not.toHaveBeenCalled();
  });

  it('else takes the default entry, and says so', async () => {
    const file = await path(checkpoint(3, { 'cnnzoo.model': 'large', 'cnnzoo.weights': 'V1' }));
    const net = await pretrained({ weights: file });
    expect([await seedOf(net), net.weights]).toEqual([3, 'V2']);
    expect(warnings).toHaveBeenCalledOnce();
    expect(warnings.mock.calls[0]![0]).toContain(file);
    expect(warnings.mock.calls[0]![0]).toContain("'large'");
    expect(warnings.mock.calls[0]![0]).toContain("'V2' are used");
  });

  it('takes a state dict', async () => {
    const state = await stateDict(await pretrained({ weights: 'V1' }));
    expect(await seedOf(await pretrained({ weights: 'V0', from: state }))).toBe(1);
  });

  it('is settled by weights and from', async () => {
    const file = await path(checkpoint(3));
    for (const from of [file, new URL(`file://${file}`), await readFile(file)]) {
      const net = await pretrained({ weights: 'V0', from });
      expect([await seedOf(net), net.weights, net.preprocessing.mean]).toEqual([3, 'V0', [0, 0, 0]]);
    }
    expect(warnings).not.toHaveBeenCalled();
    const model = small();
    await expect(model.pretrained({ weights: file, from: file } as PretrainedOptions<never>)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('the name of the entry'),
    });
  });

  it('behind a URL is fetched once, checked by the hash in its name, and kept', async () => {
    const { server, cache } = fixture;
    const model = small();
    const bytes = checkpoint(3);
    const name = `/mine-${sha256(bytes).slice(0, 8)}.safetensors`;
    server.routes.set(name, serveFile(bytes));
    for (let i = 0; i < 2; i++) {
      const net = await pretrained({ weights: 'V1', from: server.url + name }, model);
      expect([await seedOf(net), net.weights]).toEqual([3, 'V1']);
    }
    expect(server.asked(name)).toHaveLength(1);
    expect(warnings).not.toHaveBeenCalled();
    server.routes.set('/wrong-00000000.safetensors', serveFile(bytes));
    const before = await contents(cache);
    await expect(
      pretrained({ weights: new URL(`${server.url}/wrong-00000000.safetensors`) }, model),
    ).rejects.toMatchObject({ code: 'HASH' });
    expect(await contents(cache)).toEqual(before);
    server.routes.set('/plain.safetensors?x=1', serveFile(bytes));
    expect(await seedOf(await pretrained({ weights: 'V1', from: `${server.url}/plain.safetensors?x=1` }, model))).toBe(
      3,
    );
    expect(warnings.mock.calls.map(([text]) => text)).toEqual([expect.stringContaining('unverified')]);
  });

  it('that is missing, a directory, or no checkpoint is said', async () => {
    const { directory } = fixture;
    await mkdir(join(directory, 'folder.pth'));
    await expect(pretrained({ weights: join(directory, 'no.pth') })).rejects.toMatchObject({ code: 'FILE' });
    await expect(pretrained({ weights: join(directory, 'folder.pth') })).rejects.toMatchObject({ code: 'FILE' });
    await expect(pretrained({ weights: await path(V1.slice(0, 500)) })).rejects.toMatchObject({ code: 'FORMAT' });
  });
});

describe('the head', () => {
  it("is new for numClasses, and the rest the checkpoint's", async () => {
    const net = await pretrained({ weights: 'V1', numClasses: 7 });
    const state = await stateDict(net);
    expect(state.get('fc.weight')!.shape).toEqual([7, 6]);
    expect(values(state, 'fc.weight').every((value) => value !== 0)).toBe(true);
    expect([await seedOf(net), net.categories]).toEqual([1, null]);
    expect(net.loaded).toMatchObject({ head: 'new', fresh: ['fc'], ignored: ['aux.weight', 'fc.weight', 'fc.bias'] });
    expect(warnings).not.toHaveBeenCalled();
  });

  it('is kept if it has as many classes as are asked for, and new if that is asked for', async () => {
    const kept = await pretrained({ weights: 'V1', numClasses: 4 });
    expect(values(await stateDict(kept), 'fc.bias')[0]).toBeCloseTo(Math.sin(8), 5);
    expect(kept).toMatchObject({ categories: LABELS, loaded: { head: 'kept', fresh: [], entry: 'V1' } });
    for (const classes of [{ numClasses: 4 }, { categories: ['a', 'b', 'c', 'd'] }, {}]) {
      const fresh = await pretrained({ weights: 'V1', head: 'new', ...classes });
      expect(values(await stateDict(fresh), 'fc.bias')[0]).not.toBeCloseTo(Math.sin(8), 4);
      expect(fresh.loaded).toMatchObject({ head: 'new', fresh: ['fc'] });
      expect(fresh.categories).toEqual(
        'categories' in classes ? classes.categories : 'numClasses' in classes ? null : LABELS,
      );
    }
    expect(warnings).not.toHaveBeenCalled();
    await expect(pretrained({ head: 'old' as 'new' })).rejects.toMatchObject({ code: 'INPUT' });
  });

  it('of a file that was trained on the categories is kept: two loads answer the same', async () => {
    const seven = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const file = checkpoint(3, {}, 7);
    const x = tf.randomUniform([2, 8, 8, 3], 0, 1, 'float32', 5);
    const answers = async () => {
      const net = await pretrained({ weights: file, categories: seven });
      expect(net).toMatchObject({ categories: seven, loaded: { head: 'kept', fresh: [], source: 'the bytes' } });
      return tf.tidy(() => [...(net.model.predict(x) as tf.Tensor).dataSync()]);
    };
    expect(await answers()).toEqual(await answers());
    x.dispose();
    // The entry gives its preprocessing alone: the caller has the categories.
    const said = warnings.mock.calls.map(([text]) => String(text));
    expect(said).toEqual([expect.stringContaining("the preprocessing of 'V2' is used")]);
    expect(said[0]).not.toContain('categories of');
  });

  it('of another size is new, and that it was trained is said', async () => {
    const file = checkpoint(3, { 'cnnzoo.model': 'small', 'cnnzoo.weights': 'V1' }, 7);
    const net = await pretrained({ weights: file, categories: ['a', 'b'] });
    expect(net.loaded).toMatchObject({ head: 'new', fresh: ['fc'] });
    expect(warnings.mock.calls.map(([text]) => text)).toEqual([
      expect.stringContaining("the file's head has 7 classes, and 2 are asked for"),
    ]);
    await pretrained({ weights: file, categories: ['a', 'b'], head: 'new' });
    expect(warnings).toHaveBeenCalledOnce();
  });

  // torch: net.fc = nn.Sequential(nn.Dropout(), nn.Linear(6, 7)), and the same with two linear layers.
  it('of a file that has it inside a module is kept', async () => {
    const state = await readStateDict(checkpoint(3, {}, 7));
    const nested = new Map([...state].map(([key, tensor]) => [key.replace('fc.', 'fc.1.'), tensor]));
    const net = await pretrained({ weights: nested, numClasses: 7 });
    expect(net.loaded).toMatchObject({ head: 'kept', fresh: [], renamed: { 'fc.1': 'fc' } });
    expect(values(await stateDict(net), 'fc.weight')).toEqual(values(state, 'fc.weight'));
  });

  it('of other layers than the net has is new, and that it was trained is said', async () => {
    const state = await readStateDict(checkpoint(3, {}, 7));
    const matrix = state.get('fc.weight')!;
    const two = new Map([...state].map(([key, tensor]) => [key.replace('fc.', 'fc.3.'), tensor])).set(
      'fc.0.weight',
      matrix,
    );
    const unbiased = new Map([...state].filter(([key]) => key !== 'fc.bias'));
    for (const [weights, layers] of [
      [two, 'fc.0.weight, fc.3.bias, fc.3.weight'],
      [unbiased, 'fc.weight'],
    ] as const) {
      warnings.mockClear();
      const net = await pretrained({ weights, numClasses: 7 });
      expect(net.loaded).toMatchObject({ head: 'new', fresh: ['fc'] });
      expect(warnings.mock.calls.map(([text]) => text)).toContainEqual(
        expect.stringContaining(`the file's head has ${layers}, and the net's fc.bias, fc.weight: the head is new`),
      );
    }
  });

  it('is left off, whatever the checkpoint calls it', async () => {
    const state = await readStateDict(checkpoint(3, {}, 7));
    const named = new Map([...state].map(([key, tensor]) => [key.replace('fc.', 'out.'), tensor]));
    const net = await pretrained({ weights: named, numClasses: 0 });
    expect(net.loaded).toMatchObject({ head: 'none', fresh: [], renamed: { out: 'fc' } });
  });

  it('keeps the categories that were saved with it', async () => {
    const labels = ['w', 'x', 'y', 'z'];
    const net = await pretrained({ weights: 'V1', categories: labels });
    expect(warnings.mock.calls.map(([text]) => text)).toEqual([
      expect.stringContaining('was trained on other categories (cat, dog, owl, …): they are called w, x, y, … now'),
    ]);
    warnings.mockClear();
    const file = join(fixture.directory, 'saved.safetensors');
    await net.save(file);
    for (const options of [{}, { numClasses: 4 }, { categories: labels }])
      expect(await pretrained({ weights: file, ...options })).toMatchObject({
        categories: labels,
        loaded: { head: 'kept', entry: 'V1', source: file, format: 'safetensors' },
      });
    expect(warnings).not.toHaveBeenCalled();
  });

  it('that is kept has its categories in its own order, or the call is refused', async () => {
    await expect(pretrained({ weights: 'V1', categories: ['dog', 'cat', 'owl', 'yak'] })).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining("take a fresh head by head: 'new'"),
    });
    await pretrained({ weights: 'V1', categories: ['dog', 'cat', 'owl', 'yak'], head: 'new' });
  });

  it('is repeated by its seed', async () => {
    const head = async (seed: number) => {
      const state = await stateDict(await pretrained({ weights: 'V1', numClasses: 7, seed }));
      return values(state, 'fc.weight');
    };
    const first = await head(5);
    expect(await head(5)).toEqual(first);
    expect(await head(6)).not.toEqual(first);
  });

  it('is new for categories, which are its labels', async () => {
    const net = await pretrained({ weights: 'V1', categories: ['rose', 'tulip'] });
    expect(net.categories).toEqual(['rose', 'tulip']);
    expect((await stateDict(net)).get('fc.bias')!.shape).toEqual([2]);
  });

  it('is left off for 0 classes', async () => {
    const net = await pretrained({ weights: 'V1', numClasses: 0 });
    expect(net.model.outputs[0]!.shape).toEqual([null, 6]);
    expect(net.categories).toBeNull();
  });

  it('that has other classes than the net is named first, with what would make it fit', async () => {
    const file = checkpoint(3, { 'cnnzoo.model': 'small', 'cnnzoo.weights': 'V1' }, 7);
    await expect(pretrained({ weights: file })).rejects.toMatchObject({
      code: 'STATE_DICT',
      message: expect.stringMatching(
        /Only the head 'fc' differs: it has 7 classes.*numClasses: 7[\s\S]*fc.weight: expected \[4, 6\], received \[7, 6\]/,
      ),
    });
  });

  it('is asked for in one way only', async () => {
    // @ts-expect-error numClasses or categories
    const both: PretrainedOptions = { numClasses: 2, categories: ['a', 'b'] };
    // @ts-expect-error from needs a name
    const nameless: PretrainedOptions = { from: './file.pth' };
    expectTypeOf<{ weights: 'V1'; numClasses: 3 }>().toExtend<PretrainedOptions<'V1'>>();
    await expect(pretrained(both as PretrainedOptions<never>)).rejects.toMatchObject({ code: 'INPUT' });
    expect(nameless).toBeDefined();
    await expect(pretrained({ categories: [] })).rejects.toMatchObject({ code: 'INPUT' });
    await expect(pretrained({ numClasses: 1.5 })).rejects.toMatchObject({ code: 'INPUT' });
    await expect(pretrained({ numClasses: -1 })).rejects.toBeInstanceOf(CnnzooError);
  });
});

describe("freeze: 'backbone'", () => {
  it('leaves the head to train', async () => {
    const net = await pretrained({ weights: 'V1', numClasses: 2, freeze: 'backbone' });
    const trainable = net.model.layers.filter((layer) => layer.trainableWeights.length > 0).map(({ name }) => name);
    expect(trainable).toEqual(['fc']);
    const open = await pretrained({ weights: 'V1', numClasses: 2 });
    expect(open.model.trainableWeights.length).toBeGreaterThan(2);
  });
});

describe('inputShape', () => {
  const kernel = async (channels: number) => {
    const net = await pretrained({ weights: 'V2', inputShape: [8, 8, channels] });
    return (await stateDict(net)).get('stem.weight')!;
  };
  /** [5, 3, 3, 3] as published. */
  const at = (o: number, c: number, tap: number): number => Math.sin(2 + (o * 27 + c * 9 + tap) * 1.7);

  it('with one channel sums the kernel over RGB: a grey image answers as its RGB copy', async () => {
    const { shape, data } = await kernel(1);
    expect(shape).toEqual([5, 1, 3, 3]);
    for (let i = 0; i < 45; i++) {
      const [o, tap] = [Math.floor(i / 9), i % 9];
      expect(data[i]).toBeCloseTo(at(o, 0, tap) + at(o, 1, tap) + at(o, 2, tap), 5);
    }
    const [grey, rgb] = [
      await pretrained({ weights: 'V2', inputShape: [8, 8, 1] }),
      await pretrained({ weights: 'V2' }),
    ];
    const image = tf.randomUniform([1, 8, 8, 1], 0, 1, 'float32', 7);
    const copies = tf.tile(image, [1, 1, 1, 3]);
    const [a, b] = [grey.model.predict(image) as tf.Tensor, rgb.model.predict(copies) as tf.Tensor];
    const [left, right] = [a.dataSync(), b.dataSync()];
    for (const [i, value] of left.entries()) expect(value).toBeCloseTo(right[i]!, 4);
    tf.dispose([image, copies, a, b]);
  });

  it.each([2, 4, 7])('with %i channels repeats, cuts and scales it', async (channels) => {
    const { shape, data } = await kernel(channels);
    expect(shape).toEqual([5, channels, 3, 3]);
    for (const [i, value] of (data as Float32Array).entries()) {
      const [o, c, tap] = [Math.floor(i / (9 * channels)), Math.floor(i / 9) % channels, i % 9];
      expect(value).toBeCloseTo((at(o, c % 3, tap) * 3) / channels, 5);
    }
  });

  it('adapts the preprocessing', async () => {
    const of = async (inputShape: readonly [number | null, number | null, number]) =>
      (await pretrained({ weights: 'V2', inputShape })).preprocessing;
    expect(await of([16, 16, 3])).toMatchObject({ resize: 20, crop: [16, 16], channels: 3, mean: [0.2, 0.5, 0.8] });
    expect(await of([16, 24, 3])).toMatchObject({ resize: 30, crop: [16, 24] });
    expect(await of([null, null, 3])).toMatchObject({ resize: 10, crop: [8, 8] });
    const grey = await of([8, 8, 1]);
    expect(grey).toMatchObject({ resize: 10, channels: 1 });
    expect(grey.mean).toEqual([expect.closeTo(0.5)]);
    expect(grey.std).toEqual([expect.closeTo(0.3)]);
  });
});

describe('options', () => {
  it.each([
    [{ numclasses: 4 }, "'numClasses'"],
    [{ weight: 'V1' }, "'weights'"],
    [{ catgories: ['a'] }, "'categories'"],
    [{ top: 1 }, 'there is no option'],
  ])('that are not there are refused: %j', async (options, named) => {
    await expect(pretrained(options as PretrainedOptions<never>)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining(named),
    });
    expect(fixture.server.seen).toHaveLength(0);
  });

  it('of a builder that are not there are refused', () => {
    const model = small();
    for (const options of [{ numclasses: 4 }, { dropout: 0.1 }, 4, null])
      expect(() => model(options as never)).toThrow(expect.objectContaining({ code: 'INPUT' }));
    for (const seed of [Number.NaN, Number.POSITIVE_INFINITY, '7'])
      expect(() => model({ seed: seed as number })).toThrow(expect.objectContaining({ code: 'INPUT' }));
  });

  it('name the net', async () => {
    const net = small()({ name: 'left' });
    expect(net.name).toBe('left');
    net.dispose();
    const trained = await pretrained({ name: 'right' });
    expect(trained.model.name).toBe('right');
    expect(() => small()({ name: '' })).toThrow(expect.objectContaining({ code: 'INPUT' }));
  });

  it('key is for files, and names a dict', async () => {
    await expect(pretrained({ weights: 'V1', key: 'ema' })).rejects.toMatchObject({ code: 'INPUT' });
    await expect(pretrained({ weights: V1, key: 3 as never })).rejects.toMatchObject({ code: 'INPUT' });
    await expect(pretrained({ weights: V1, key: 'ema' })).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('stem, bn, body, aux, fc'),
    });
  });
});

it('lists all that does not fit', async () => {
  const wrong = safetensors({
    'stem.weight': { shape: [1], data: new Float32Array(1) },
    'other.weight': { shape: [1], data: new Float32Array(1) },
  });
  await expect(pretrained({ weights: 'V1', from: wrong })).rejects.toMatchObject({
    code: 'STATE_DICT',
    message: expect.stringMatching(/missing keys \(7\)[\s\S]*unexpected keys \(1\)[\s\S]*wrong shapes \(1\)/),
  });
});
