import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  batchNorm,
  buildModel,
  CnnzooError,
  globalAvgPool,
  linear,
  loadStateDict,
  readStateDict,
  type StateDict,
  sameConv,
  saveStateDict,
  seq,
  stateDict,
  useBackend,
} from '../../src/index.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('cpu');
});

const made: LayersModel[] = [];
afterEach(() => {
  for (const net of made.splice(0)) net.dispose();
});

const build = (classes = 3): LayersModel => {
  const net = buildModel(
    'small',
    seq({ conv1: sameConv(4, [3, 5]), bn1: batchNorm(), pool: globalAvgPool, fc: linear(classes) }),
    [6, 7, 2],
  );
  made.push(net);
  return net;
};

const values = async (net: LayersModel) =>
  [...(await stateDict(net))].map(([key, { data }]) => [key, [...(data as Float32Array)]]);

describe('stateDict', () => {
  it('has PyTorch keys, shapes and layout', async () => {
    const net = build();
    const state = await stateDict(net);
    expect([...state].map(([key, { shape, dtype }]) => [key, shape, dtype])).toEqual([
      ['conv1.weight', [4, 2, 3, 5], 'float32'],
      ['conv1.bias', [4], 'float32'],
      ['bn1.weight', [4], 'float32'],
      ['bn1.bias', [4], 'float32'],
      ['bn1.running_mean', [4], 'float32'],
      ['bn1.running_var', [4], 'float32'],
      ['fc.weight', [3, 4], 'float32'],
      ['fc.bias', [3], 'float32'],
    ]);
    tf.tidy(() => {
      const [kernel] = net.getLayer('conv1').getWeights();
      expect([...state.get('conv1.weight')!.data]).toEqual([...tf.transpose(kernel!, [3, 2, 0, 1]).dataSync()]);
      const [matrix] = net.getLayer('fc').getWeights();
      expect([...state.get('fc.weight')!.data]).toEqual([...tf.transpose(matrix!).dataSync()]);
    });
  });

  it('is a copy', async () => {
    const net = build();
    const before = await values(net);
    for (const { data } of (await stateDict(net)).values()) (data as Float32Array).fill(9);
    expect(await values(net)).toEqual(before);
  });

  it('reads stock layers and nested models, and says which it cannot', async () => {
    const image = input({ shape: [6, 7, 2] });
    const features = build().apply(image) as SymbolicTensor;
    const outer = makeModel({
      inputs: image,
      outputs: layers.dense({ units: 2, name: 'top' }).apply(features) as SymbolicTensor,
    });
    made.push(outer);
    made.shift();
    expect([...(await stateDict(outer)).keys()].slice(-3)).toEqual(['small.fc.bias', 'top.weight', 'top.bias']);
    const depthwise = layers.depthwiseConv2d({ kernelSize: 3, name: 'deep' }).apply(image) as SymbolicTensor;
    const other = makeModel({ inputs: image, outputs: depthwise });
    made.push(other);
    await expect(stateDict(other)).rejects.toThrow(/Layer 'deep' is a DepthwiseConv2D/);
  });
});

describe('loadStateDict', () => {
  it.each(['a state dict', 'a record', 'a file', 'bytes'])('takes %s', async (form) => {
    const [from, to] = [build(), build()];
    expect(await values(to)).not.toEqual(await values(from));
    const state = await stateDict(from);
    const path = join(directory, 'net.safetensors');
    if (form === 'a state dict') await loadStateDict(to, state);
    else if (form === 'a record') await loadStateDict(to, Object.fromEntries(state));
    else {
      await saveStateDict(from, path);
      await loadStateDict(to, form === 'a file' ? path : await (await import('node:fs/promises')).readFile(path));
    }
    expect(await values(to)).toEqual(await values(from));
  });

  it('ignores num_batches_tracked, and takes other numeric types', async () => {
    const [from, to] = [build(), build()];
    const state: StateDict = await stateDict(from);
    state.set('bn1.num_batches_tracked', { shape: [], dtype: 'int64', data: new BigInt64Array([5n]) });
    const bias = state.get('fc.bias')!;
    state.set('fc.bias', { ...bias, dtype: 'float64', data: Float64Array.from(bias.data as Float32Array) });
    await loadStateDict(to, state);
    expect(await values(to)).toEqual(await values(from));
  });

  it.each(['cpu', 'wasm'] as const)('holds on to nothing of the source on %s', async (backend) => {
    await useBackend(backend);
    const net = build();
    const state = await stateDict(build());
    await loadStateDict(net, state);
    const before = await values(net);
    for (const { data } of state.values()) (data as Float32Array).fill(9);
    expect(await values(net)).toEqual(before);
    for (const each of made.splice(0)) each.dispose();
    await useBackend('cpu');
  });

  it('lists every fault in one error, and changes nothing', async () => {
    const net = build();
    const before = await values(net);
    const state = await stateDict(build(5));
    state.delete('conv1.bias');
    state.delete('bn1.running_var');
    state.set('layer9.weight', { shape: [1], dtype: 'float32', data: new Float32Array(1) });
    const error = await loadStateDict(net, state).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CnnzooError);
    const { code, message } = error as CnnzooError;
    expect(code).toBe('STATE_DICT');
    for (const part of [
      'conv1.bias',
      'bn1.running_var',
      'layer9.weight',
      'fc.weight: expected [3, 4], received [5, 4]',
      'fc.bias: expected [3], received [5]',
    ])
      expect(message).toContain(part);
    expect(await values(net)).toEqual(before);
  });

  it('changes nothing where a tensor turns out to be unreadable', async () => {
    const net = build();
    const before = await values(net);
    const path = join(directory, 'cut.safetensors');
    await saveStateDict(build(), path);
    const { truncate, stat } = await import('node:fs/promises');
    await truncate(path, (await stat(path)).size - 3);
    await expect(loadStateDict(net, path)).rejects.toThrow(CnnzooError);
    expect(await values(net)).toEqual(before);
  });
});

describe('saveStateDict', () => {
  it('writes what readStateDict reads, in PyTorch layout', async () => {
    const net = build();
    const path = join(directory, 'round.safetensors');
    await saveStateDict(net, path);
    const read = await readStateDict(path);
    expect([...read.keys()].sort()).toEqual([...(await stateDict(net)).keys()].sort());
    for (const [key, tensor] of await stateDict(net)) expect(read.get(key)).toEqual(tensor);
  });

  it('takes no other format', async () => {
    await expect(saveStateDict(build(), join(directory, 'net.pth'))).rejects.toThrow(/safetensors/);
  });
});
