import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../src/checkpoint/write.js';
import {
  batchNorm,
  buildModel,
  conv,
  defineModel,
  defineWeights,
  globalAvgPool,
  head,
  linear,
  loadStateDict,
  openTensors,
  readStateDict,
  type StateDict,
  sameConv,
  seq,
  stateDict,
  useBackend,
} from '../../src/index.js';

const small = defineModel({
  name: 'small',
  head: 'fc',
  inputShape: [8, 8, 3],
  numClasses: 4,
  weights: defineWeights({}),
  net: ({ numClasses }) =>
    seq({
      conv1: sameConv(5, 3, { bias: false }),
      bn1: batchNorm(),
      layer1: seq([sameConv(6, 3, { bias: false })]),
      pool: globalAvgPool,
      fc: head(numClasses),
    }),
});

let net: ReturnType<typeof small>;
let state: StateDict;
beforeAll(async () => {
  await useBackend('cpu');
  net = small({ seed: 1 });
  const other = small({ seed: 2 });
  state = await stateDict(other);
  other.dispose();
});
afterAll(() => net.dispose());

const renamed = (rename: (key: string) => string, from = state): StateDict =>
  new Map([...from].map(([key, tensor]) => [rename(key), tensor]));
const scalar = { shape: [], dtype: 'int64', data: BigInt64Array.of(3n) } as const;
const isHead = (key: string) => key.startsWith('fc.');

const values = (from: StateDict) => [...from].map(([key, { data }]) => [key, [...(data as Float32Array)]]);

/** Loads, expects the weights of `state` in the net, and gives what was said. */
async function loaded(source: StateDict, options = {}) {
  const blank = small({ seed: 3 });
  await loadStateDict(net, await stateDict(blank));
  blank.dispose();
  const said = await loadStateDict(net, source, options);
  expect(values(await stateDict(net))).toEqual(values(state));
  return said;
}

describe('a prefix of all keys is removed, and said', () => {
  it.each([
    'module',
    'model',
    '_orig_mod',
    'backbone',
    'net',
    'module.model',
    '_orig_mod.module',
    'model.net.backbone',
    'x',
  ])('%s.', async (prefix) => {
    const said = await loaded(renamed((key) => `${prefix}.${key}`));
    expect(said).toEqual({
      source: 'a state dict',
      format: 'memory',
      key: null,
      prefixes: prefix.split('.').map((part) => `${part}.`),
      renamed: {},
      ignored: [],
    });
  });

  it('of all but the head', async () => {
    const said = await loaded(renamed((key) => (isHead(key) ? key.replace('fc', 'head') : `backbone.${key}`)));
    expect(said).toMatchObject({ prefixes: ['backbone.'], renamed: { head: 'fc' } });
    expect(await loaded(renamed((key) => (isHead(key) ? key : `encoder.${key}`)))).toMatchObject({
      prefixes: ['encoder.'],
    });
  });

  it("beside the counters of PyTorch's AveragedModel and BatchNorm", async () => {
    const source = renamed((key) => `module.${key}`);
    source.set('n_averaged', scalar).set('module.bn1.num_batches_tracked', scalar);
    expect(await loaded(source)).toMatchObject({ prefixes: ['module.'], ignored: [] });
  });

  it("or a wrapper's inside the keys", async () => {
    expect(await loaded(renamed((key) => key.replace('layer1.', 'layer1.module.')))).toMatchObject({
      prefixes: ['module.'],
    });
    const both = renamed(
      (key) => `net.${key.replace('layer1.', 'layer1._orig_mod.').replace('conv1', 'module.conv1')}`,
    );
    expect(await loaded(both)).toMatchObject({ prefixes: ['module.', '_orig_mod.', 'net.'] });
  });

  it('in a safetensors file too', async () => {
    const [file] = [Buffer.concat([...encodeSafetensors(renamed((key) => `model.${key}`))])];
    expect(await loadStateDict(net, file)).toMatchObject({
      source: 'the bytes',
      format: 'safetensors',
      prefixes: ['model.'],
    });
  });

  it('of a net that has such a name itself is no prefix', async () => {
    const own = buildModel(
      'own',
      seq({ module: conv(2, 1, { bias: false }), pool: globalAvgPool, fc: linear(2) }),
      [4, 4, 3],
    );
    const from = await stateDict(own);
    expect(await loadStateDict(own, from)).toMatchObject({ prefixes: [], renamed: {} });
    expect(
      await loadStateDict(
        own,
        renamed((key) => `module.${key}`, from),
      ),
    ).toMatchObject({ prefixes: ['module.'] });
    own.dispose();
  });
});

describe('the head by another name', () => {
  it.each(['linear', 'classifier', 'head', 'head.fc', 'last_linear'])('%s is the head', async (name) => {
    expect(await loaded(renamed((key) => key.replace('fc', name)))).toMatchObject({ renamed: { [name]: 'fc' } });
    const wrapped = await loaded(renamed((key) => `module.${key.replace('fc', name)}`));
    expect(wrapped).toMatchObject({ prefixes: ['module.'], renamed: { [name]: 'fc' } });
  });

  it.each(['fc.1', 'fc.linear', 'fc.0.1'])("%s, inside the net's own, is the head", async (name) => {
    expect(await loaded(renamed((key) => key.replace('fc', name)))).toMatchObject({ renamed: { [name]: 'fc' } });
    const wrapped = await loaded(renamed((key) => `module.${key.replace('fc', name)}`));
    expect(wrapped).toMatchObject({ prefixes: ['module.'], renamed: { [name]: 'fc' } });
  });

  it('is refused where shapes leave a doubt', async () => {
    const two = renamed((key) => key.replace('fc', 'left'));
    for (const [key, tensor] of state) if (isHead(key)) two.set(key.replace('fc', 'right'), tensor);
    await expect(loadStateDict(net, two)).rejects.toMatchObject({ code: 'STATE_DICT' });
    const wide = renamed((key) => key.replace('fc', 'linear'));
    wide.set('linear.weight', { shape: [4, 7], dtype: 'float32', data: new Float32Array(28) });
    await expect(loadStateDict(net, wide)).rejects.toMatchObject({ code: 'STATE_DICT' });
  });

  it('is the last layer of a net that does not say where its head is', async () => {
    const own = buildModel(
      'own',
      seq({ stem: conv(2, 1, { bias: false }), pool: globalAvgPool, out: linear(2) }),
      [4, 4, 3],
    );
    const from = renamed((key) => key.replace('out', 'fc'), await stateDict(own));
    expect(await loadStateDict(own, from)).toMatchObject({ renamed: { fc: 'out' } });
    own.dispose();
  });
});

describe('several nets in one checkpoint', () => {
  const several = () => new Map([...renamed((key) => `student.${key}`), ...renamed((key) => `teacher.${key}`)]);

  it('are named, and one is taken by key', async () => {
    await expect(loadStateDict(net, several())).rejects.toMatchObject({
      code: 'STATE_DICT',
      message: expect.stringContaining(
        "It holds several nets, under 'student', 'teacher': take one of them, by key: 'student'",
      ),
    });
    expect(await loaded(several(), { key: 'teacher' })).toMatchObject({ key: 'teacher', prefixes: [] });
    expect((await readStateDict(several(), { key: 'teacher' })).size).toBe(state.size);
    const file = await openTensors(several(), { key: 'student' });
    expect(file.key).toBe('student');
    await file.close();
    await expect(readStateDict(several(), { key: 'both' })).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('expected one of student, teacher'),
    });
  });

  it('or one beside other keys', async () => {
    const beside = renamed((key) => `model.${key}`).set('criterion.weight', state.get('bn1.weight')!);
    await expect(loadStateDict(net, beside)).rejects.toMatchObject({
      message: expect.stringContaining("by key: 'model'"),
    });
    expect(await loaded(beside, { key: 'model' })).toMatchObject({ key: 'model' });
  });
});

describe('the error of a strict load', () => {
  it('says first what would make the checkpoint fit, and shortens its lists', async () => {
    const deep = buildModel(
      'deep',
      seq({
        ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`c${i}`, conv(3, 1, { bias: false })])),
        pool: globalAvgPool,
        fc: linear(2),
      }),
      [4, 4, 3],
    );
    const message = await loadStateDict(deep, state).catch((error: Error) => error.message);
    expect(message).toContain('of another architecture');
    expect(message).toContain('missing keys (20)');
    expect(message).toContain('… and 13 more');
    expect(String(message).split('\n').length).toBeLessThan(30);
    const names = renamed((key) => key.replace('c', 'd'), await stateDict(deep));
    await expect(
      loadStateDict(
        deep,
        renamed((key) => `other${key}`, names),
      ),
    ).rejects.toMatchObject({
      message: expect.stringContaining('rename the keys of what readStateDict gives'),
    });
    deep.dispose();
  });

  it.each([
    [{ numClasses: 7 }, 'it has 4 classes in the checkpoint, 7 in the net. Build the net with numClasses: 4'],
    [
      { inputShape: [8, 8, 1] as const },
      "the checkpoint's net takes 3, this one 1. Build the net with inputShape: [height, width, 3]",
    ],
  ])('names what the net was built with otherwise: %j', async (options, message) => {
    const other = small(options);
    await expect(loadStateDict(other, state)).rejects.toMatchObject({ message: expect.stringContaining(message) });
    other.dispose();
  });
});

it('options that are not there are refused', async () => {
  for (const call of [readStateDict, openTensors])
    await expect(call(state, { keys: 'ema' } as object)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining("Expected 'key'"),
    });
  await expect(loadStateDict(net, state, { strict: false } as object)).rejects.toMatchObject({ code: 'INPUT' });
});
