import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findStateDict } from '../../src/checkpoint/torch/find-state-dict.js';
import { StorageRef, TensorRef } from '../../src/checkpoint/torch/objects.js';
import { readStateDict } from '../../src/index.js';

const tensor = (...shape: number[]): TensorRef => {
  const storage = new StorageRef('0', { name: 'float32', bytes: 4, stored: 'F32' }, 1000, 0);
  return new TensorRef({ storage, stored: 'F32', begin: 0, shape, strides: shape });
};
const dict = (entries: Record<string, unknown>): Map<unknown, unknown> => new Map(Object.entries(entries));

const net = (name = 'fc') => dict({ [`${name}.weight`]: tensor(2, 3), [`${name}.bias`]: tensor(2) });
const adam = dict({
  state: new Map([[0, dict({ step: tensor(), exp_avg: tensor(2, 3) })]]),
  param_groups: [dict({ lr: 0.1, params: [0] })],
});

const find = (value: unknown, key?: string) => {
  const { tensors, ...rest } = findStateDict(value, 'file', key);
  return { keys: [...tensors.keys()], ...rest };
};
const KEYS = ['fc.weight', 'fc.bias'];

describe('the state dict of a file', () => {
  it('may be all of it', () => {
    expect(find(net())).toEqual({ keys: KEYS });
    expect(find(new Map())).toEqual({ keys: [] });
    expect(find(dict({ ...Object.fromEntries(net()), 'fc._extra_state': null, epoch: 3 }))).toEqual({
      keys: KEYS,
      others: ['fc._extra_state', 'epoch'],
    });
  });

  it.each([
    ...['state_dict', 'model', 'net', 'weights', 'params', 'params_ema', 'model_ema', 'ema', 'network', 'state'],
    ...['student', 'generator', 'model_state_dict', 'whatever', '模型'],
  ])('lies under %s, beside an optimizer and a count', (name) => {
    expect(find(dict({ epoch: 3, [name]: net(), optimizer: adam }))).toEqual({
      keys: KEYS,
      key: name,
      others: ['epoch', 'optimizer'],
    });
  });

  it('lies deeper, in dicts, lists and tuples', () => {
    expect(find(dict({ checkpoint: dict({ model: net(), args: dict({}) }), epoch: 1 }))).toMatchObject({
      key: 'checkpoint.model',
      others: ['epoch'],
    });
    expect(find(dict({ state: dict({ model: dict({ state_dict: net() }) }) })).key).toBe('state.model.state_dict');
    expect(find([3, net()]).key).toBe('1');
  });

  it('is no average, loss or scale beside it', () => {
    const beside = {
      criterion: dict({ weight: tensor(10) }),
      scaler: dict({ scale: tensor() }),
      mean: tensor(3),
      callbacks: dict({ best: dict({ score: tensor() }) }),
    };
    expect(find(dict({ state_dict: net(), ...beside })).key).toBe('state_dict');
  });

  it('that two names have is one', () => {
    const shared = net();
    expect(find(dict({ model: shared, net: shared })).keys).toEqual(KEYS);
  });

  it('is found in a dict that holds itself', () => {
    const outer = dict({ model: net() });
    outer.set('self', outer);
    expect(find(outer).key).toBe('model');
    const empty = dict({});
    empty.set('self', empty);
    expect(() => find(empty)).toThrow(expect.objectContaining({ code: 'FORMAT' }));
  });
});

describe('several state dicts', () => {
  const several = dict({ params: net('fc'), params_ema: net('ema'), iter: 3 });

  it('are named, and key takes one', () => {
    expect(() => find(several)).toThrow(
      expect.objectContaining({
        code: 'FORMAT',
        message: expect.stringContaining(
          "holds 2 state dicts, params, params_ema: name one of them, e.g. by key: 'params'",
        ),
      }),
    );
    expect(find(several, 'params_ema')).toEqual({
      keys: ['ema.weight', 'ema.bias'],
      key: 'params_ema',
      others: ['params', 'iter'],
    });
  });

  it('key leads through dicts, to what a wrapper holds, and into the names of tensors', () => {
    const deep = dict({ a: dict({ x: net('a') }), b: dict({ state_dict: net('b') }) });
    expect(find(deep, 'a.x').keys).toEqual(['a.weight', 'a.bias']);
    expect(find(deep, 'b')).toMatchObject({ keys: ['b.weight', 'b.bias'], key: 'b.state_dict' });
    const flat = dict({ state_dict: new Map([...net('student.fc'), ...net('teacher.fc')]) });
    expect(find(flat, 'teacher')).toMatchObject({ keys: KEYS, key: 'state_dict.teacher' });
    expect(find(flat, 'state_dict.student')).toMatchObject({ keys: KEYS, key: 'state_dict.student' });
    expect(find(dict({ 'a.b': net(), c: net() }), 'a.b')).toMatchObject({ keys: KEYS, key: 'a.b' });
  });

  it('a key that leads nowhere names what there is', () => {
    expect(() => find(dict({ state_dict: net() }), 'ema')).toThrow(
      expect.objectContaining({ code: 'INPUT', message: expect.stringMatching(/nothing under key 'ema'.* fc/) }),
    );
    expect(() => find(dict({ epoch: 3, model: net() }), 'epoch')).toThrow(
      expect.objectContaining({ code: 'FORMAT', message: expect.stringContaining('beside epoch, model') }),
    );
  });
});

/*
 * fixtures.py wrote both files: { params: …, params_ema: …, iter: 3, optimizer: Adam's state after a step }.
 */
it.each(['zip', 'legacy'])('key takes one of the state dicts that torch wrote: %s', async (container) => {
  const path = fileURLToPath(new URL(`fixtures/several.${container}.pth`, import.meta.url));
  await expect(readStateDict(path)).rejects.toMatchObject({ message: expect.stringContaining('params, params_ema') });
  const [raw, ema] = [await readStateDict(path, { key: 'params' }), await readStateDict(path, { key: 'params_ema' })];
  expect([...ema.keys()]).toEqual(['weight', 'bias']);
  expect(Array.from(ema.get('bias')!.data as Float32Array)).toEqual([2, 2]);
  expect(Array.from(raw.get('bias')!.data as Float32Array)).toEqual([1, 1]);
});
