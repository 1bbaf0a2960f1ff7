import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  adaptiveAvgPool,
  batchNorm,
  buildModel,
  Classifier,
  flatten,
  groupNorm,
  linear,
  load,
  localResponseNorm,
  type ModelDefinition,
  type Preprocessing,
  sameConv,
  seq,
  useBackend,
} from '@cnnzoo/core';
import { models as lenet } from '@cnnzoo/lenet';
import { models as resnet, resnet18 } from '@cnnzoo/resnet';
import { input, type LayersModel, layers, model, type SymbolicTensor, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { QuantizedGraph } from '../src/graph/index.js';
import { quantizeWeight } from '../src/graph/quantized.js';
import {
  type GraphNode,
  type GraphWeight,
  type InferenceGraph,
  inferenceGraph,
  readGraph,
  saveGraph,
  saveQuantized,
} from '../src/index.js';
import { quantizedByHand } from './quantized-by-hand.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-graph-'));
const at = (name: string): string => join(directory, name);
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('cpu');
});
afterEach(() => {
  for (const name of readdirSync(directory)) rmSync(at(name), { recursive: true });
});

const faultOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    ({ code, message }) => `${code} ${message}`,
  );

const PREPROCESSING: Preprocessing = {
  resize: null,
  crop: [8, 8],
  channels: 3,
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
  interpolation: 'bilinear',
};

const weightsOf = (node: GraphNode): [string, GraphWeight][] =>
  Object.entries(node).filter(([, value]) => typeof value?.read === 'function');

/** A node as plain data. */
const plain = (node: GraphNode) => ({
  ...node,
  ...Object.fromEntries(weightsOf(node).map(([field, { shape }]) => [field, shape])),
});

/** Expects a graph as another one. */
async function expectSame(received: InferenceGraph, expected: InferenceGraph): Promise<void> {
  expect(String(received)).toBe(String(expected));
  const { name, inputs, outputs, anySize, facts } = expected;
  expect(received).toMatchObject({ name, inputs, outputs, anySize, facts });
  expect(received.nodes.map(plain)).toEqual(expected.nodes.map(plain));
  for (const [i, node] of expected.nodes.entries()) {
    const found = Object.fromEntries(weightsOf(received.nodes[i]!));
    for (const [field, weight] of weightsOf(node)) expect(await found[field]!.read()).toEqual(await weight.read());
  }
}

describe('a graph comes back as it was', () => {
  it.each([
    ['lenet5', lenet.lenet5],
    ['resnet20', resnet.resnet20],
  ])('%s', async (name, definition) => {
    const net = (definition as unknown as ModelDefinition)({ numClasses: 5 });
    await saveGraph(net, at(`${name}.safetensors`));
    await expectSame(await readGraph(at(`${name}.safetensors`)), inferenceGraph(net));
    net.dispose();
  });

  it('of every layer of tf.layers that a graph has', async () => {
    const then = (layer: layers.Layer, x: SymbolicTensor | SymbolicTensor[]) => layer.apply(x) as SymbolicTensor;
    const image = input({ shape: [9, 12, 4] });
    let x = then(layers.zeroPadding2d({ padding: 1 }), image);
    x = then(
      layers.separableConv2d({ filters: 6, kernelSize: 3, padding: 'same', strides: 2, activation: 'relu6' as never }),
      x,
    );
    x = then(layers.upSampling2d({ size: [2, 1] }), x);
    x = then(layers.leakyReLU({ alpha: 0.1 }), then(layers.batchNormalization(), x));
    x = then(layers.concatenate({ axis: 3 }), [x, then(layers.activation({ activation: 'hardSigmoid' }), x)]);
    x = then(layers.multiply(), [x, then(layers.softmax({ axis: -1 }), x)]);
    x = then(layers.averagePooling2d({ poolSize: 2, padding: 'same' }), x);
    const pooled = then(layers.globalMaxPooling2d({}), x);
    const list = then(layers.reshape({ targetShape: [288] }), then(layers.permute({ dims: [3, 1, 2] }), x));
    const logits = then(layers.dense({ units: 3, activation: 'tanh' }), then(layers.concatenate(), [pooled, list]));
    const net = model({ inputs: image, outputs: [logits, x] });
    await saveGraph(net, at('net.safetensors'));
    await expectSame(await readGraph(at('net.safetensors')), inferenceGraph(net));
    net.dispose();
  });

  it("of core's layers without weights in 8 bits", async () => {
    const net = buildModel(
      'norms',
      seq([sameConv(4, 3), groupNorm(2), localResponseNorm(3), adaptiveAvgPool(3), flatten, linear(2)]),
      [8, 9, 3],
    );
    await saveGraph(net, at('net.safetensors'));
    await expectSame(await readGraph(at('net.safetensors')), inferenceGraph(net));
    net.dispose();
  });

  it('with a convolution that two norms are folded into: its weights have one name, and are two', async () => {
    const image = input({ shape: [4, 4, 2] });
    const shared = layers.conv2d({ filters: 2, kernelSize: 1, name: 'shared' });
    const branch = () =>
      layers
        .batchNormalization({ betaInitializer: 'randomNormal', gammaInitializer: 'randomNormal' })
        .apply(shared.apply(image)) as SymbolicTensor;
    const net = model({ inputs: image, outputs: layers.add().apply([branch(), branch()]) as SymbolicTensor });
    const graph = inferenceGraph(net);
    await saveGraph(net, at('net.safetensors'));
    const read = await readGraph(at('net.safetensors'));
    await expectSame(read, graph);
    const names = read.nodes.flatMap((node) => weightsOf(node).map(([, weight]) => weight.name));
    expect(new Set(names).size).toBe(names.length);
    net.dispose();
    // tfjs counts its two uses.
    shared.dispose();
  });

  it('in float16, whose values are read as float32', async () => {
    const net = resnet.resnet20();
    await saveGraph(net, at('half.safetensors'), { dtype: 'float16' });
    const read = await readGraph(at('half.safetensors'));
    const [expected, received] = await Promise.all(
      [inferenceGraph(net), read].map((graph) => weightsOf(graph.nodes[0]!)[0]![1].read()),
    );
    expect(Math.max(...received!.map((value, i) => Math.abs(value - expected![i]!)))).toBeLessThan(2 ** -11);
    expect(statSync(at('half.safetensors')).size).toBeLessThan(2 * 280_000);
    net.dispose();
  });
});

describe('a graph in 8 bits', () => {
  let net: LayersModel;
  let graph: QuantizedGraph;
  beforeAll(async () => {
    net = buildModel('small', seq([sameConv(4, 3), batchNorm(), sameConv(3, 1)]), [8, 8, 3]);
    graph = await quantizedByHand(inferenceGraph(net));
  });
  afterAll(() => net.dispose());

  it('comes back with its quantization, and weights that are rounded once', async () => {
    await saveQuantized(graph, at('small.safetensors'));
    const read = (await readGraph(readFileSync(at('small.safetensors')))) as QuantizedGraph;
    expect(read.quantization).toEqual(graph.quantization);
    for (const [i, node] of graph.nodes.entries()) {
      if (node.op !== 'conv') continue;
      const { weight, bias } = read.nodes[i] as typeof node;
      const scales = graph.quantization.weights.get(node.weight.name)!;
      const levels = quantizeWeight(await node.weight.read(), scales);
      expect(quantizeWeight(await weight.read(), scales)).toEqual(levels);
      expect(await weight.read()).toEqual(
        Float32Array.from(levels, (level, at) => level * scales[at % scales.length]!),
      );
      expect(await bias?.read()).toEqual(await node.bias?.read());
    }
    // A graph that was read can be written again.
    await saveQuantized(read, at('again.safetensors'));
    const again = (await readGraph(at('again.safetensors'))) as QuantizedGraph;
    expect(again.quantization).toEqual(read.quantization);
    await expectSame(again, read);
  });

  it('of ResNet-18 with 1000 categories takes at most 11.8 MB', async () => {
    const whole = resnet18();
    const classifier = new Classifier({
      model: whole,
      preprocessing: resnet18.weights.DEFAULT.preprocessing,
      categories: resnet18.weights.DEFAULT.categories!,
    });
    await saveQuantized(await quantizedByHand(inferenceGraph(classifier)), at('resnet18.safetensors'));
    expect(statSync(at('resnet18.safetensors')).size).toBeLessThanOrEqual(11_800_000);
    const { facts } = await readGraph(new Blob([readFileSync(at('resnet18.safetensors'))]));
    expect(facts).toMatchObject({ categories: classifier.categories, preprocessing: classifier.preprocessing });
    classifier.dispose();
  });

  it('is refused by load and by readStateDict, which name what opens it', async () => {
    await saveQuantized(graph, at('small.safetensors'));
    expect(await faultOf(load(at('small.safetensors')))).toMatch(
      /^FORMAT .*a graph for inference.*createSession\(path\)/,
    );
  });

  it.each<[string, (graph: QuantizedGraph) => unknown, RegExp]>([
    ['a net', () => net, /^INPUT saveQuantized: expected the graph that quantize/],
    ['undefined', () => undefined, /^INPUT saveQuantized: expected the graph that quantize/],
    [
      'a scale of 0',
      (whole) => ({
        ...whole,
        quantization: { ...whole.quantization, values: new Map([[whole.inputs[0]!.name, { scale: 0, zeroPoint: 0 }]]) },
      }),
      /^INPUT .*can't be written: .*quantization/,
    ],
    [
      'scales of another number of channels',
      (whole) => ({
        ...whole,
        quantization: {
          ...whole.quantization,
          weights: new Map([...whole.quantization.weights].map(([name]) => [name, new Float32Array(2).fill(1)])),
        },
      }),
      /^INPUT .*expected the scales of/,
    ],
  ])('is refused if it is %s, and nothing is written', async (_, change, message) => {
    expect(await faultOf(saveQuantized(change(graph) as QuantizedGraph, at('bad.safetensors')))).toMatch(message);
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('saveGraph', () => {
  let net: LayersModel;
  beforeAll(() => {
    net = buildModel('small', seq([sameConv(4, 3), batchNorm()]), [8, 8, 3]);
  });
  afterAll(() => net.dispose());

  it('leaves a file that is there, and nothing behind', async () => {
    writeFileSync(at('net.safetensors'), 'mine');
    expect(await faultOf(saveGraph(net, at('net.safetensors')))).toMatch(/^FILE .*already/);
    expect(readFileSync(at('net.safetensors'), 'utf8')).toBe('mine');
    expect(readdirSync(directory)).toEqual(['net.safetensors']);
  });

  it('refuses another ending, unknown options, another dtype and a graph', async () => {
    expect(await faultOf(saveGraph(net, at('net.onnx')))).toMatch(/^INPUT .*'\.safetensors'/);
    expect(await faultOf(saveGraph(net, at('net.safetensors'), { dtpye: 'float16' } as never))).toMatch(
      /^INPUT .*no option 'dtpye'/,
    );
    expect(await faultOf(saveGraph(net, at('net.safetensors'), { dtype: 'int8' as never }))).toMatch(
      /^INPUT .*received int8/,
    );
    const graph = await quantizedByHand(inferenceGraph(net));
    expect(await faultOf(saveGraph(graph as never, at('net.safetensors')))).toMatch(/^INPUT .*saveQuantized writes it/);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('refuses a weight beyond float16', async () => {
    const large = buildModel(
      'large',
      seq([sameConv(1, 1, { initial: () => new Float32Array(3).fill(1e5) })]),
      [2, 2, 3],
    );
    expect(await faultOf(saveGraph(large, at('net.safetensors'), { dtype: 'float16' }))).toMatch(
      /^INPUT .*float16 can't hold/,
    );
    expect(readdirSync(directory)).toEqual([]);
    large.dispose();
  });
});

it('a node that only moves values keeps their scale, or the file is refused', async () => {
  const stack = [
    layers.conv2d({ inputShape: [4, 6, 3], filters: 4, kernelSize: 1 }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.upSampling2d({ size: [2, 2] }),
    layers.permute({ dims: [2, 1, 3] }),
    layers.globalMaxPooling2d({}),
    layers.dense({ units: 2 }),
  ];
  const net = sequential({ layers: stack });
  const graph = await quantizedByHand(inferenceGraph(net));
  const moves = graph.nodes.slice(1, 5);
  expect(moves.map(({ op }) => op)).toEqual(['pool', 'upsample', 'transpose', 'global-pool']);
  for (const [i, { name, output }] of [{ name: 'none', output: undefined }, ...moves].entries()) {
    const values = new Map(graph.quantization.values);
    if (output) values.set(output.name, { scale: 0.06, zeroPoint: 100 });
    const path = at(`moves-${i}.safetensors`);
    // saveQuantized reads what it writes.
    const saved = saveQuantized({ ...graph, quantization: { ...graph.quantization, values } }, path);
    if (!output) await saved;
    else expect(await faultOf(saved), name).toMatch(/changes the scale or zero point of '.*', and only moves values/);
  }
  net.dispose();
});

describe('readGraph refuses', () => {
  let file: Buffer;
  beforeAll(async () => {
    const net = buildModel('small', seq([sameConv(4, 3), sameConv(3, 1)]), [8, 8, 3]);
    const classifier = new Classifier({ model: net, preprocessing: PREPROCESSING, categories: null });
    await saveQuantized(await quantizedByHand(inferenceGraph(classifier)), at('small.safetensors'));
    file = readFileSync(at('small.safetensors'));
    classifier.dispose();
  });

  const headerOf = (bytes: Buffer) => {
    const length = Number(bytes.readBigUInt64LE(0));
    return { header: JSON.parse(bytes.toString('utf8', 8, 8 + length)), data: bytes.subarray(8 + length) };
  };
  // biome-ignore lint/suspicious/noExplicitAny: parsed JSON that is damaged on purpose.
  type Header = Record<string, any>;
  type Description = Header;

  /** Changes the file's header and description. */
  function changed(change: (description: Description, header: Header, data: Buffer) => void): Buffer {
    const { header, data } = headerOf(file);
    const description = JSON.parse(header.__metadata__['cnnzoo.graph']);
    const copy = Buffer.from(data);
    change(description, header, copy);
    header.__metadata__['cnnzoo.graph'] = JSON.stringify(description);
    const text = Buffer.from(JSON.stringify(header));
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([start, text, copy]);
  }

  it('no file that is whole', async () => {
    expect(String(await readGraph(changed(() => undefined)))).toBe(String(await readGraph(file)));
  });

  it.each<[string, (description: Description, header: Header, data: Buffer) => void, RegExp]>([
    [
      'a later format',
      (d) => {
        d.format = 2;
      },
      /expected a graph of format 1, received format 2. Update/,
    ],
    [
      'an unknown field',
      (d) => {
        d.more = 1;
      },
      /no whole graph: .*more/,
    ],
    [
      'an unknown operation',
      (d) => {
        d.nodes[0].op = 'deform';
      },
      /no whole graph: nodes\.0\.op/,
    ],
    [
      'an unknown field of a node',
      (d) => {
        d.nodes[0].more = 1;
      },
      /no whole graph: nodes\.0\.more/,
    ],
    ['a node before its input', (d) => void d.nodes.reverse(), /reads .*which no node before it gives/],
    [
      'two values of one name',
      (d) => {
        d.nodes[1].output.name = d.nodes[0].output.name;
      },
      /two values/,
    ],
    [
      'an output that is none',
      (d) => {
        d.outputs = ['other'];
      },
      /no node gives its output 'other'/,
    ],
    [
      'another shape of an output',
      (d) => {
        d.nodes[0].output.shape[3] = 5;
      },
      /described as \[any, 8, 8, 5\]/,
    ],
    [
      'another shape of the input',
      (d) => {
        d.inputs[0].shape[3] = 5;
      },
      /for 5 channels in 1 groups/,
    ],
    [
      'a stride of 0',
      (d) => {
        d.nodes[0].stride = [0, 1];
      },
      /nodes\.0\.stride/,
    ],
    [
      'a negative padding',
      (d) => {
        d.nodes[0].padding = [
          [-1, 1],
          [1, 1],
        ];
      },
      /nodes\.0\.padding/,
    ],
    [
      'windows larger than the map',
      (d) => {
        d.nodes[0].dilation = [9, 9];
      },
      /windows of 19/,
    ],
    [
      'a weight of another node',
      (d) => {
        d.nodes[0].weight = d.nodes[1].weight;
      },
      /no whole graph/,
    ],
    [
      'a weight that is not there',
      (d) => {
        d.nodes[0].weight = 'other';
      },
      /lacks the weight 'other'/,
    ],
    [
      'a bias in 8 bits',
      (d) => {
        d.nodes[0].bias = d.nodes[0].weight;
      },
      /no whole graph/,
    ],
    [
      'a tensor that no node has',
      (d) => {
        d.nodes[0].bias = null;
      },
      /no node has its tensor/,
    ],
    [
      'a scale of 0',
      (d) => {
        d.quantization[0][1] = 0;
      },
      /quantization/,
    ],
    [
      'an infinite scale',
      (d) => {
        d.quantization[0][1] = null;
      },
      /quantization/,
    ],
    [
      'a zero point of 256',
      (d) => {
        d.quantization[0][2] = 256;
      },
      /quantization/,
    ],
    [
      'a fractional zero point',
      (d) => {
        d.quantization[0][2] = 0.5;
      },
      /quantization/,
    ],
    ['a value named twice', (d) => void d.quantization.push(d.quantization[0]), /named twice/],
    [
      'a value that is none',
      (d) => {
        d.quantization[0][0] = 'other';
      },
      /'other', which is no value/,
    ],
    [
      'no quantization',
      (d) => {
        d.quantization = null;
      },
      /8 bits, and no quantization/,
    ],
    [
      'preprocessing of other channels',
      (d) => void Object.assign(d.facts.preprocessing, { channels: 1, mean: [0], std: [1] }),
      /gives 1 channels/,
    ],
    [
      'a deviation of 0',
      (d) => {
        d.facts.preprocessing.std = [0, 1, 1];
      },
      /std/,
    ],
    [
      'another activation',
      (d) => {
        d.facts.activation = 'none';
      },
      /activation/,
    ],
    [
      'a scale of weights that is 0',
      (_, h, data) => void data.fill(0, h['0.weight_scale'].data_offsets[0], h['0.weight_scale'].data_offsets[1]),
      /have 0 among them/,
    ],
    [
      'scales of another shape',
      (_, h) => {
        h['0.weight_scale'].shape = [2, 2];
      },
      /expected the scales of/,
    ],
    [
      'int32 in place of floats',
      (_, h) => {
        h['0.bias'].dtype = 'I32';
      },
      /is I32 in place of F32/,
    ],
  ])('%s', async (_, change, message) => {
    expect(await faultOf(readGraph(changed(change)))).toMatch(message);
    expect(await faultOf(readGraph(changed(change)))).toMatch(/^FORMAT /);
  });

  it('a level of -128, when the weight is read', async () => {
    const bytes = changed((_, header, data) => void data.writeInt8(-128, header['0.weight'].data_offsets[0]));
    const [node] = (await readGraph(bytes)).nodes;
    expect(
      await faultOf(
        weightsOf(node!)
          .find(([field]) => field === 'weight')![1]
          .read(),
      ),
    ).toMatch(/^FORMAT .*-128/);
  });

  it('every beginning of a file, and one with more at its end', async () => {
    for (let size = 0; size < file.length; size += 7)
      expect(await faultOf(readGraph(file.subarray(0, size))), `${size} bytes`).toMatch(/^FORMAT /);
    expect(await faultOf(readGraph(Buffer.concat([file, Buffer.alloc(4)])))).toMatch(/^FORMAT /);
  });

  it('other files, and what is none', async () => {
    writeFileSync(at('other.safetensors'), 'something else');
    expect(await faultOf(readGraph(at('other.safetensors')))).toMatch(/^FORMAT .*expected a graph that saveQuantized/);
    expect(await faultOf(readGraph(at('absent.safetensors')))).toMatch(/^FILE .*no such file/);
    expect(await faultOf(readGraph(7 as never))).toMatch(/^INPUT readGraph: expected a path/);
    expect(await faultOf(readGraph(file, { sha: '' } as never))).toMatch(/^INPUT readGraph: there is no option 'sha'/);
    expect(await faultOf(readGraph(file, { sha256: '0'.repeat(64) }))).toMatch(/^HASH .*received [\da-f]{64}/);
    expect(await faultOf(readGraph(file, { sha256: '0' }))).toMatch(/^INPUT .*64 hexadecimal digits/);
    const aborted = AbortSignal.abort();
    expect(await faultOf(readGraph('http://127.0.0.1:9/net.safetensors', { signal: aborted }))).toMatch(/^ABORTED/);
    expect(await faultOf(readGraph(file, { signal: aborted }))).toMatch(/^ABORTED/);
  });
});
