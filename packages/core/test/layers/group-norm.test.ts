// GroupNorm against PyTorch's numbers. goldens/group-norm.json is a list of what this prints (torch 2.13):
//
// import json
// import torch
// from torch import nn
//
// wave = lambda n, step: torch.sin(torch.arange(n, dtype=torch.float64) * step)
// listed = lambda t: [float(f"{v:.9g}") for v in t.detach().reshape(-1).tolist()]
// nhwc = lambda t: listed(t.permute(0, 2, 3, 1))
// for groups, eps in [(2, 1e-5), (1, 1e-3), (4, 1e-5)]:
//     norm = nn.GroupNorm(groups, 4, eps, dtype=torch.float64)
//     norm.weight.data, norm.bias.data = 1 + 0.5 * wave(4, 0.9), wave(4, 1.3)
//     x = (2 * wave(24, 0.7) + 0.5).reshape(2, 3, 1, 4).permute(0, 3, 1, 2).requires_grad_()
//     dy = wave(24, 1.1).reshape(2, 3, 1, 4).permute(0, 3, 1, 2)
//     y = norm(x)
//     (y * dy).sum().backward()
//     print(json.dumps({"groups": groups, "eps": eps, "y": nhwc(y), "dx": nhwc(x.grad),
//                       "weight": listed(norm.weight.grad), "bias": listed(norm.bias.grad)}))
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import {
  buildModel,
  Classifier,
  globalAvgPool,
  groupNorm,
  linear,
  load,
  loadStateDict,
  seq,
  stateDict,
  summary,
  useBackend,
} from '../../src/index.js';

interface Golden {
  groups: number;
  eps: number;
  y: number[];
  dx: number[];
  weight: number[];
  bias: number[];
}
const goldens: Golden[] = JSON.parse(readFileSync(new URL('goldens/group-norm.json', import.meta.url), 'utf8'));

const wave = (count: number, step: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i * step));

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe.each(['cpu', 'wasm'] as const)('GroupNorm on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each(goldens)('of 4 channels in $groups groups answers and learns as in PyTorch', async (golden) => {
    const net = buildModel('net', seq({ norm: groupNorm(golden.groups, { eps: golden.eps }) }), [3, 1, 4]);
    const vector = (values: number[]) => ({ shape: [4], dtype: 'float32' as const, data: Float32Array.from(values) });
    const weight = vector(wave(4, 0.9).map((value) => 1 + 0.5 * value));
    await loadStateDict(net, { 'norm.weight': weight, 'norm.bias': vector(wave(4, 1.3)) });
    tf.tidy(() => {
      const data = wave(24, 0.7).map((value) => 2 * value + 0.5);
      const [x, dy] = [tf.tensor4d(data, [2, 3, 1, 4]), tf.tensor4d(wave(24, 1.1), [2, 3, 1, 4])];
      const cost = (image: tf.Tensor) => tf.sum(tf.mul(net.apply(image, { training: true }) as tf.Tensor, dy));
      for (const training of [true, false])
        expect(relativeError((net.apply(x, { training }) as tf.Tensor).dataSync(), golden.y)).toBeLessThan(1e-5);
      expect(relativeError(tf.grad(cost)(x).dataSync(), golden.dx)).toBeLessThan(1e-5);
      const { grads } = tf.variableGrads(() => cost(x) as tf.Scalar);
      for (const name of ['weight', 'bias'] as const) {
        const [, gradient] = Object.entries(grads).find(([key]) => key.replace(/_\d+$/, '') === `norm/${name}`)!;
        expect(relativeError(gradient.dataSync(), golden[name])).toBeLessThan(1e-5);
      }
    });
    net.dispose();
  });

  it('is saved, loaded and summarised', async () => {
    const layer = seq({ norm: groupNorm(3, { eps: 1e-3, initial: 'zeros' }), pool: globalAvgPool, fc: linear(2) });
    const model = buildModel('net', layer, [4, 4, 6]);
    expect(summary(model).rows[1]).toMatchObject({ type: 'GroupNorm', output: [4, 4, 6], parameters: 12 });
    const state = await stateDict(model);
    expect([...state.get('norm.weight')!.data]).toEqual(new Array(6).fill(0));
    const net = new Classifier({
      model,
      categories: null,
      preprocessing: {
        resize: null,
        crop: [4, 4],
        channels: 3,
        mean: [0, 0, 0],
        std: [1, 1, 1],
        interpolation: 'bilinear',
      },
    });
    await net.save(join(directory, backend));
    net.dispose();
    const loaded = await load(join(directory, backend));
    expect([...(await stateDict(loaded))]).toEqual([...state]);
    expect(loaded.model.getLayer('norm').getConfig()).toMatchObject({ groups: 3, eps: 1e-3 });
    loaded.dispose();
  });

  it('refuses groups that do not divide the channels', () => {
    expect(() => buildModel('net', groupNorm(4), [4, 4, 6])).toThrow(
      "has 4 groups, which don't divide its 6 input channels",
    );
  });
});
