import {
  batchNorm,
  buildModel,
  concat,
  type Layer,
  linear,
  maxPool,
  relu,
  sameConv,
  seq,
  useBackend,
} from '@cnnzoo/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { diagram } from '../diagram/diagram.js';
import { graphOf } from '../diagram/graph.js';
import { layoutOf } from '../diagram/layout.js';
import { nodeSize } from '../diagram/node-box.js';
import { type Chain, isParallel, treeOf } from '../diagram/tree.js';

let net: LayersModel | undefined;
const build = (layer: Layer): LayersModel => {
  net = buildModel('a<b', layer, [16, 16, 8]);
  return net;
};
afterEach(() => {
  net?.dispose();
  net = undefined;
});
beforeAll(async () => {
  await useBackend('cpu');
});

const unit = (channels: number, kernel: number, stride = 1): Layer =>
  seq({ conv: sameConv(channels, kernel, { stride, bias: false }), bn: batchNorm(), relu });
const pass: Layer = (x) => x;
const mixed = concat({ one: unit(4, 1), two: seq([unit(2, 1), unit(4, 3)]), pool: seq([maxPool(3, 1, 1)]), pass });

/** Writes a chain in words, with branches in brackets. */
const words = (chain: Chain): string =>
  chain
    .map((item) => (isParallel(item) ? `[${item.branches.map(words).join(' | ')}]` : item.text))
    .filter((word) => word)
    .join(' > ');

describe('graphOf', () => {
  it('joins a convolution with what follows it', () => {
    const { nodes, edges } = graphOf(build(seq({ stem: unit(4, 3, 2), pool: maxPool(2) })), {});
    expect(nodes.map(({ text, after }) => [text, ...after.map((each) => each.text)])).toEqual([
      ['image'],
      ['conv 3x3, 4, /2', 'BatchNorm', 'ReLU'],
      ['max pool 2x2, /2'],
    ]);
    expect(edges).toEqual([
      ['image', 'stem.conv'],
      ['stem.conv', 'pool'],
    ]);
    expect(nodes[1]!.layers).toEqual(['stem.conv', 'stem.bn', 'stem.relu']);
    expect(nodes[1]!.output).toEqual([8, 8, 4]);
  });

  it('makes one node of a depth, one of equal neighbours, and draws a part', () => {
    const model = build(seq({ a: seq([unit(4, 3), unit(4, 3)]), b: seq([unit(4, 3), unit(4, 1)]) }));
    expect(graphOf(model, { depth: 1 }).nodes.map(({ text }) => text)).toEqual([
      'image',
      '2 blocks, 2 convolutions',
      '2 blocks, 2 convolutions',
    ]);
    expect(graphOf(model, { merge: true }).nodes.map(({ times }) => times)).toEqual([1, 3, 1]);
    expect(graphOf(model, { from: 'b' }).nodes.map(({ text }) => text)).toEqual([
      'input',
      'conv 3x3, 4',
      'conv 1x1, 4',
    ]);
    expect(graphOf(model, { from: ['a.1.conv', 'b.0.conv'] }).nodes).toHaveLength(3);
    expect(() => graphOf(model, { from: 'c' })).toThrow('no layers at "c"');
  });
});

describe('treeOf', () => {
  it('finds where branches meet, in the order in which they are joined', () => {
    expect(words(treeOf(graphOf(build(mixed), {})))).toBe(
      'image > [conv 1x1, 4 | conv 1x1, 2 > conv 3x3, 4 | max pool 3x3 | ] > concatenate',
    );
  });

  it('lets outputs be several', () => {
    const graph = graphOf(build(seq([unit(4, 1), unit(8, 1)])), {});
    const [, first, second] = graph.nodes;
    const aux = { ...second!, id: 'aux', text: 'aux' };
    const edges = [...graph.edges, [first!.id, 'aux'] as const];
    expect(words(treeOf({ nodes: [...graph.nodes, aux], edges }))).toBe('image > conv 1x1, 4 > [conv 1x1, 8 | aux]');
  });
});

describe('layoutOf', () => {
  it('lets no node cover another, and every way go straight down or across', () => {
    const graph = graphOf(build(seq({ a: mixed, b: mixed, last: linear(3) })), {});
    const { nodes, ways } = layoutOf(treeOf(graph));
    expect(nodes).toHaveLength(graph.nodes.length);
    const boxes = nodes.map(({ node, x, y }) => ({ x, y, ...nodeSize(node) }));
    for (const [i, a] of boxes.entries())
      for (const b of boxes.slice(i + 1))
        expect(Math.abs(a.x - b.x) >= (a.width + b.width) / 2 || a.y + a.height <= b.y || b.y + b.height <= a.y).toBe(
          true,
        );
    for (const { points } of ways)
      for (const [i, [x, y]] of points.slice(1).entries())
        expect(x === points[i]![0] || y === points[i]![1]).toBe(true);
    expect(ways.filter(({ kind }) => kind === 'skip')).toHaveLength(2);
  });
});

it('diagram: the same model gives the same file, its text escaped', () => {
  const model = build(mixed);
  const picture = diagram(model);
  expect(diagram(model)).toBe(picture);
  expect(picture).toContain('<title>a&lt;b</title>');
  expect(picture).toContain('prefers-color-scheme:dark');
  expect(picture).not.toMatch(/NaN|Infinity|undefined/);
});
