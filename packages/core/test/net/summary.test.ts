import { beforeAll, describe, expect, it } from 'vitest';
import {
  batchNorm,
  buildModel,
  conv,
  globalAvgPool,
  linear,
  maxPool,
  relu,
  residual,
  sameConv,
  seq,
  summary,
  useBackend,
} from '../../src/index.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const net = seq({
  conv1: sameConv(8, 7, { stride: 2 }),
  bn1: batchNorm(),
  relu,
  pool: maxPool(3, 2, 1),
  block: residual(
    { conv1: sameConv(8, 3, { bias: false }), conv2: sameConv(8, 3, { bias: false }) },
    { project: (channels) => conv(channels, 1, { bias: false }) },
  ),
  gap: globalAvgPool,
  fc: linear(10),
});

describe('summary', () => {
  it('counts parameters, multiply-adds and receptive fields', () => {
    const model = buildModel('small', net, [32, 32, 3]);
    const { rows, parameters, multiplyAdds } = summary(model);
    const row = (name: string) => rows.find((r) => r.name === name);
    expect(row('conv1')).toEqual({
      name: 'conv1',
      type: 'Conv2d',
      output: [16, 16, 8],
      parameters: 7 * 7 * 3 * 8 + 8,
      multiplyAdds: 16 * 16 * 7 * 7 * 3 * 8,
      receptiveField: [7, 7],
    });
    expect(row('bn1')!.parameters).toBe(16);
    // Araujo et al., https://distill.pub/2019/computing-receptive-fields: r += (k - 1) * jump.
    expect(row('pool')!.receptiveField).toEqual([7 + 2 * 2, 7 + 2 * 2]);
    expect(row('block.conv2')!.receptiveField).toEqual([11 + 2 * 4 + 2 * 4, 11 + 2 * 4 + 2 * 4]);
    expect(row('block.add')!.receptiveField).toEqual([27, 27]);
    expect(row('gap')!.receptiveField).toBeNull();
    expect(row('fc')!.receptiveField).toBeNull();
    expect(parameters).toBe(1184 + 16 + 2 * 576 + 90);
    expect(multiplyAdds).toBe(16 * 16 * 1176 + 2 * 8 * 8 * 576 + 80);
    model.dispose();
  });

  it('prints a table', () => {
    const model = buildModel('small', net, [32, 32, 3]);
    const text = String(summary(model));
    expect(text.split('\n')[0]).toBe('small');
    expect(text).toMatch(/conv1 +Conv2d +16 x 16 x 8 +1,184 +301,056 +7 x 7\n/);
    expect(text).toMatch(/2,442 parameters, 0\.375 M multiply-adds an image$/);
    model.dispose();
  });

  it('leaves open what depends on the image', () => {
    const model = buildModel('small', net, [null, null, 3]);
    const { rows, multiplyAdds, parameters } = summary(model);
    expect(rows[1]!.output).toEqual([null, null, 8]);
    expect(rows[1]!.multiplyAdds).toBeNull();
    expect(multiplyAdds).toBeNull();
    expect(parameters).toBe(2442);
    expect(String(summary(model))).toContain('? multiply-adds');
    model.dispose();
  });
});
