// Dilated convolutions against PyTorch's numbers. goldens/dilation.json is a list of what this prints (torch 2.13):
//
// import json
// import torch
// from torch import nn
//
// wave = lambda n, step: torch.sin(torch.arange(n, dtype=torch.float64) * step)
// listed = lambda t: [float(f"{v:.9g}") for v in t.detach().reshape(-1).tolist()]
// nhwc = lambda t: listed(t.permute(0, 2, 3, 1))
// for options in [{"dilation": 2, "padding": 2},
//                 {"dilation": (1, 3), "stride": 2, "padding": (0, 3), "groups": 2, "bias": False}]:
//     conv = nn.Conv2d(2, 2, 3, dtype=torch.float64, **options)
//     conv.weight.data = wave(conv.weight.numel(), 0.9).reshape(conv.weight.shape)
//     if conv.bias is not None: conv.bias.data = wave(2, 1.3)
//     x = wave(60, 0.7).reshape(1, 5, 6, 2).permute(0, 3, 1, 2).requires_grad_()
//     y = conv(x)
//     dy = wave(y.numel(), 1.1).reshape(y.permute(0, 2, 3, 1).shape).permute(0, 3, 1, 2)
//     (y * dy).sum().backward()
//     print(json.dumps({"options": options, "shape": list(y.permute(0, 2, 3, 1).shape), "y": nhwc(y),
//                       "dx": nhwc(x.grad), "weight": listed(conv.weight.grad)}))
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import {
  buildModel,
  Classifier,
  type ConvOptions,
  conv,
  load,
  loadStateDict,
  sameConv,
  seq,
  summary,
  useBackend,
} from '../../src/index.js';

interface Golden {
  options: ConvOptions;
  shape: number[];
  y: number[];
  dx: number[];
  weight: number[];
}
const goldens: Golden[] = JSON.parse(readFileSync(new URL('goldens/dilation.json', import.meta.url), 'utf8'));

const wave = (count: number, step: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * step));

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe.each(['cpu', 'wasm'] as const)('a dilated convolution on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each(goldens)('$options answers and learns as in PyTorch', async ({ options, shape, y, dx, weight }) => {
    const net = buildModel('net', seq({ conv: conv(2, 3, options) }), [5, 6, 2]);
    const inner = 2 / (options.groups ?? 1);
    const kernel = { shape: [2, inner, 3, 3], dtype: 'float32' as const, data: wave(18 * inner, 0.9) };
    const bias = { shape: [2], dtype: 'float32' as const, data: wave(2, 1.3) };
    await loadStateDict(net, { 'conv.weight': kernel, ...(options.bias !== false && { 'conv.bias': bias }) });
    expect(net.outputShape).toEqual([null, ...shape.slice(1)]);
    tf.tidy(() => {
      const x = tf.tensor4d(wave(60, 0.7), [1, 5, 6, 2]);
      const dy = tf.tensor(wave(y.length, 1.1), shape);
      const cost = (image: tf.Tensor) => tf.sum(tf.mul(net.apply(image, { training: true }) as tf.Tensor, dy));
      expect(relativeError((net.apply(x) as tf.Tensor).dataSync(), y)).toBeLessThan(1e-5);
      expect(relativeError(tf.grad(cost)(x).dataSync(), dx)).toBeLessThan(1e-5);
      const { grads } = tf.variableGrads(() => cost(x) as tf.Scalar);
      const [, gradient] = Object.entries(grads).find(([key]) => key.startsWith('conv/weight'))!;
      expect(relativeError(tf.transpose(gradient, [3, 2, 0, 1]).dataSync(), weight)).toBeLessThan(1e-5);
    });
    net.dispose();
  });

  it('is saved, loaded, and seen in receptive fields', async () => {
    const model = buildModel('net', seq([sameConv(2, 3), sameConv(2, 3, { dilation: [2, 4] })]), [8, 8, 3]);
    expect(summary(model).rows.map(({ receptiveField }) => receptiveField)).toEqual([
      [1, 1],
      [3, 3],
      [7, 11],
    ]);
    const [plain, dilated] = model.layers.slice(1).map((layer) => layer.getConfig());
    expect(plain).not.toHaveProperty('dilation');
    expect(dilated).toMatchObject({ dilation: [2, 4], padding: [2, 4] });
    const preprocessing = {
      resize: null,
      crop: [8, 8],
      channels: 3,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      interpolation: 'bilinear',
    } as const;
    const net = new Classifier({ model, categories: null, preprocessing });
    await net.save(join(directory, backend));
    const loaded = await load(join(directory, backend));
    const outputs = tf.tidy(() => {
      const x = tf.tensor4d(wave(192, 0.7), [1, 8, 8, 3]);
      return [net, loaded].map((each) => [...(each.model.apply(x) as tf.Tensor).dataSync()]);
    });
    expect(outputs[1]).toEqual(outputs[0]);
    expect(loaded.model.layers.map((layer) => layer.getConfig())).toEqual(
      model.layers.map((layer) => layer.getConfig()),
    );
    net.dispose();
    loaded.dispose();
  });
});
