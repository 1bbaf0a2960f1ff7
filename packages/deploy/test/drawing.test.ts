// Graphs drawn as SVG.
import { buildModel, conv, globalAvgPool, type ModelDefinition, seq, useBackend } from '@cnnzoo/core';
import { googlenet } from '@cnnzoo/googlenet';
import { lenet5 } from '@cnnzoo/lenet';
import { resnet18 } from '@cnnzoo/resnet';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { type GraphNode, graphSvg, type InferenceGraph, inferenceGraph } from '../src/index.js';

beforeAll(async () => {
  await useBackend('cpu');
});

interface Box {
  readonly title: string;
  readonly texts: readonly string[];
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Reads the boxes of a drawing. */
function boxesOf(svg: string): Box[] {
  return [...svg.matchAll(/<g>(.*?)<\/g>/g)].map(([, content = '']) => {
    const [left, top, width, height] = ['x', 'y', 'width', 'height'].map((name) =>
      Number(new RegExp(`class="frame"[^>]* ${name}="([^"]*)"`).exec(content)![1]),
    ) as [number, number, number, number];
    return {
      title: /<title>(.*?)<\/title>/.exec(content)![1]!,
      texts: [...content.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map(([, text]) => text!),
      ...{ left, top, right: left + width, bottom: top + height },
    };
  });
}

const isApart = (a: Box, b: Box): boolean =>
  a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;

/** Expects what holds of every drawing. */
async function drawn(graph: InferenceGraph): Promise<{ svg: string; boxes: Box[]; at: (title: string) => Box }> {
  const svg = await graphSvg(graph);
  expect(await graphSvg(graph)).toBe(svg);
  const boxes = boxesOf(svg);
  expect(boxes).toHaveLength(graph.inputs.length + graph.nodes.length + graph.outputs.length);
  const [width, height] = /viewBox="0 0 (\S+) (\S+)"/.exec(svg)!.slice(1).map(Number) as [number, number];
  for (const [i, box] of boxes.entries()) {
    expect(box.left >= 0 && box.top >= 0 && box.right <= width && box.bottom <= height, box.title).toBe(true);
    for (const other of boxes.slice(i + 1)) expect(isApart(box, other), `${box.title}, ${other.title}`).toBe(true);
  }
  // From top to bottom: a box is below those that it takes values from.
  const values = [...graph.inputs, ...graph.nodes.map(({ output }) => output)];
  for (const [i, { name, inputs }] of graph.nodes.entries())
    for (const value of inputs)
      expect(boxes[values.indexOf(value)]!.bottom, name).toBeLessThan(boxes[graph.inputs.length + i]!.top);
  return { svg, boxes, at: (title) => boxes.find((box) => box.title === title)! };
}

const drawnModel = async (definition: unknown) => {
  const net = (definition as ModelDefinition)({ seed: 0 });
  const graph = inferenceGraph(net);
  net.dispose();
  return drawn(graph);
};

it('a chain, with the shapes at its lines', async () => {
  const { at, svg } = await drawnModel(lenet5);
  expect(at('image').texts).toEqual(['input', 'image', '28 x 28 x 1']);
  expect(at('0').texts).toEqual(['conv 5 x 5', 'stride 1, padding 2', '0', '+ bias', '28 x 28 x 6']);
  expect(at('6').texts).toEqual(['flatten', '6', '400']);
  expect(svg).toContain('prefers-color-scheme:dark');
});

it('blocks with their shortcuts, and what is fused', async () => {
  const { at, svg } = await drawnModel(resnet18);
  // Eight blocks, of which three have a convolution in the shortcut.
  expect(svg.match(/class="edge shortcut"/g)).toHaveLength(5);
  expect(at('layer1.0.relu1').texts).toContain('+ bias, ReLU');
  expect(at('layer1.0.out').texts).toEqual(['add', 'layer1.0.out', '+ ReLU', '56 x 56 x 64']);
  const [one, two] = [at('layer2.0.downsample.1'), at('layer2.0.bn2')];
  expect(one.right < two.left || two.right < one.left).toBe(true);
});

it('four parallel paths side by side', async () => {
  const { at } = await drawnModel(googlenet);
  const paths = [1, 2, 3, 4].map((n) => at(`inception3a.branch${n}${n === 1 ? '' : '.1'}.relu`));
  const sorted = paths.toSorted((a, b) => a.left - b.left);
  for (const [i, path] of sorted.slice(1).entries()) expect(sorted[i]!.right).toBeLessThan(path.left);
});

it('a value that is taken twice, paths that touch, two outputs and open sizes', async () => {
  const image = input({ shape: [null, null, 3] as unknown as number[], name: 'image' });
  const apply = (layer: layers.Layer, x: SymbolicTensor | SymbolicTensor[]) => layer.apply(x) as SymbolicTensor;
  const [a, b] = ['a', 'b'].map((name) => apply(layers.conv2d({ filters: 3, kernelSize: 1, name }), image));
  const twice = apply(layers.add({ name: 'twice' }), [a!, a!]);
  const both = apply(layers.multiply({ name: 'both' }), [twice, b!]);
  const all = apply(layers.concatenate({ name: 'all' }), [both, b!, image]);
  const net = model({
    inputs: image,
    outputs: [all, both].map((x, i) => apply(layers.globalAveragePooling2d({ name: `pool${i}` }), x)),
  });
  const { svg, at, boxes } = await drawn(inferenceGraph(net));
  net.dispose();
  expect(at('image').texts).toContain('? x ? x 3');
  expect(boxes.map(({ texts }) => texts[0])).toEqual(expect.arrayContaining(['logits', 'output 1']));
  expect(svg.match(/class="edge/g)!.length).toBeGreaterThanOrEqual(12);
});

it('names of any kind: escaped, and shortened where they are long', async () => {
  const long = 'x'.repeat(200);
  const net = buildModel('named', seq({ [long]: conv(2, 1), pool: globalAvgPool }), [4, 4, 3]);
  const graph = inferenceGraph(net);
  net.dispose();
  const name = '<script>&"\u001b';
  const [first, last] = graph.nodes as [GraphNode, GraphNode];
  const { svg, boxes } = await drawn({ ...graph, name, nodes: [first, { ...last, name }] });
  for (const text of ['<script>', '\u001b']) expect(svg).not.toContain(text);
  expect(boxes[1]!.texts).toContainEqual(expect.stringMatching(/^x{14}…x{29}$/));
  expect(boxes[2]!.texts).toContainEqual(expect.stringContaining('&#60;script&#62;&#38;&#34;'));
});
