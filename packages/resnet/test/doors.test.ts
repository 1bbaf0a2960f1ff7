// Blocks and nets refuse what they cannot build, and never build another net in silence.
import { buildModel, groupNorm, identity, type Layer, relu, seq, useBackend } from '@cnnzoo/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { basicBlock, bottleneck, resnet, resnet20, resnetCifar } from '../src/index.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const built = (layer: Layer) => buildModel('net', layer, [32, 32, 3]).dispose();
const refused = expect.objectContaining({ name: 'CnnzooError', code: 'INPUT' });

describe.each([
  ['a layer', groupNorm(2)],
  ['identity', identity],
  ['null', null],
  ['a name', 'batchNorm'],
  ['a function of nothing', () => undefined],
])('a norm that is %s', (_, received) => {
  const norm = received as never;
  it('is refused by blocks and nets', () => {
    expect(() => built(basicBlock(4, { norm }))).toThrow(refused);
    expect(() => built(bottleneck(4, { norm }))).toThrow(refused);
    expect(() => built(resnetCifar({ depth: 1 })({ numClasses: 2, norm }))).toThrow(refused);
    expect(() => built(resnet({ block: basicBlock, depths: [1, 1, 1, 1] })({ numClasses: 2, norm }))).toThrow(refused);
  });
});

it.each([null, 'relu', 3, [relu], () => relu])('an activation that is no layer is refused: %s', (received) => {
  const activation = received as never;
  expect(() => resnet20({ activation })).toThrow(refused);
  expect(() => built(basicBlock(3, { activation }))).toThrow(refused);
  expect(() => built(seq({ activation }))).toThrow(refused);
});

it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', null])('%s blocks are refused', (received) => {
  const depth = received as never;
  expect(() => resnetCifar({ depth })({ numClasses: 2 })).toThrow(refused);
  const depths = [1, 1, depth, 1] as const;
  expect(() => resnet({ block: basicBlock, depths })({ numClasses: 2 })).toThrow(refused);
});

it('three stages are refused where there are four', () => {
  expect(() => resnet({ block: basicBlock, depths: [1, 1, 1] as never })({ numClasses: 2 })).toThrow(refused);
});

it('a start at 0 is refused where the norm would not start there', () => {
  const block = (options: object) => () => built(basicBlock(3, options));
  expect(block({ zeroInit: true, norm: () => groupNorm(1) })).toThrow(refused);
  expect(block({ zeroInit: 'yes' })).toThrow(refused);
  expect(block({ zeroInit: true, norm: (options: object) => groupNorm(1, options) })).not.toThrow();
  expect(block({ zeroInit: true })).not.toThrow();
});
