import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model as makeModel,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  batchNorm,
  buildModel,
  Classifier,
  conv,
  featurePyramid,
  globalAvgPool,
  linear,
  maxPool,
  type Preprocessing,
  Random,
  relu,
  residual,
  seq,
  summary,
  useBackend,
} from '../../src/index.js';
import { freeze, unfreeze } from '../../src/train.js';
import { withRandom } from '../../src/util/random.js';

beforeAll(async () => {
  await useBackend('wasm');
});

const project = (channels: number, stride: number) => conv(channels, 1, { stride, padding: 0, bias: false });
const body = seq({
  conv1: conv(4, 3, { stride: 2, padding: 1, bias: true }),
  bn1: batchNorm(),
  relu,
  pool: maxPool(2),
  block: residual(
    { conv1: conv(6, 3, { stride: 2, padding: 1, bias: true }), conv2: conv(6, 3, { padding: 1, bias: true }) },
    { stride: 2, project },
  ),
});
const head = seq({ gap: globalAvgPool, fc: linear(3) });
const make = (work: () => LayersModel): LayersModel => withRandom(new Random(1), work);

/** A net with the layers of `body` in it, and the same layers in a net inside it, whose own input has no fixed size. */
const flat = (): LayersModel => make(() => buildModel('flat', seq({ body, head }), [32, 48, 3]));
const nested = (): LayersModel =>
  make(() => {
    const inner = buildModel('body', body, [null, null, 3]);
    return buildModel(
      'nested',
      (image, path) => head(inner.apply(image) as SymbolicTensor, path ? `${path}.head` : 'head'),
      [32, 48, 3],
    );
  });

const preprocessing: Preprocessing = {
  resize: null,
  crop: [32, 48],
  channels: 3,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  interpolation: 'bilinear',
};
const pixels = () => tf.tidy(() => tf.cast(tf.randomUniform<tf.Rank.R3>([32, 48, 3], 0, 255, 'int32', 1), 'int32'));

describe('a net inside a net', () => {
  it('has the summary of its layers', () => {
    const [a, b] = [flat(), nested()];
    const [expected, received] = [summary(a), summary(b)];
    expect(received.rows).toEqual(expected.rows);
    expect(received.rows.map(({ name }) => name)).toContain('body.block.conv2');
    expect([received.parameters, received.multiplyAdds]).toEqual([expected.parameters, expected.multiplyAdds]);
    a.dispose();
    b.dispose();
  });

  it('has the pyramid of its layers, with their values', () => {
    const [a, b] = [flat(), nested()];
    const [expected, received] = [featurePyramid(a), featurePyramid(b)];
    expect(received.levels).toEqual(expected.levels);
    expect(received.levels.map(({ name }) => name)).toEqual(['body.relu', 'body.pool', 'body.block.out']);
    tf.tidy(() => {
      const x = tf.randomNormal([2, 32, 48, 3], 0, 1, 'float32', 2);
      const values = [expected, received].map(({ model }) =>
        (model.predict(x) as tf.Tensor[]).map((map) => [...map.dataSync()]),
      );
      expect(values[1]).toEqual(values[0]);
      expect(Math.max(...values[0]!.flat())).toBeGreaterThan(0.1);
    });
    a.dispose();
    b.dispose();
  });

  it('gives the activations of its layers', async () => {
    const image = pixels();
    const names = ['body.bn1', 'body.block.add', 'body.block.out', 'head.gap'] as const;
    const maps = async (model: LayersModel) => {
      const net = new Classifier({ model, categories: null, preprocessing });
      const found = await net.activations(image, names);
      const values = names.map((name) => [...found[name].dataSync()]);
      tf.dispose(found);
      net.dispose();
      return values;
    };
    const expected = await maps(flat());
    expect(await maps(nested())).toEqual(expected);
    expect(Math.max(...expected.flat())).toBeGreaterThan(0.1);
    const net = new Classifier({ model: nested(), categories: null, preprocessing });
    const { body: map } = await net.activations(image, ['body']);
    expect([...map.dataSync()]).toEqual(expected[2]);
    await expect(net.activations(image, ['body.block.conv3'])).rejects.toThrow(/'body' has no layer 'block\.conv3'/);
    tf.dispose([image, map]);
    net.dispose();
  });

  it('freezes and trains again, a layer at a time', () => {
    const net = nested();
    const trained = () => net.trainableWeights.length;
    const all = trained();
    freeze(net, ['body.conv1', 'body.bn1']);
    expect(trained()).toBe(all - 4);
    freeze(net, 'body');
    expect(trained()).toBe(2);
    unfreeze(net, 'body.block.conv2.weight');
    expect(trained()).toBe(3);
    unfreeze(net);
    expect(trained()).toBe(all);
    expect(() => freeze(net, 'body.conv2')).toThrow(/No weight of 'nested' belongs to "body\.conv2"/);
    net.dispose();
  });
});

describe('a layer or net that is applied twice', () => {
  it('has a row each time, and its parameters once', async () => {
    const image = input({ name: 'image', shape: [8, 8, 3] });
    const stem = sequential({
      name: 'stem',
      layers: [layers.conv2d({ inputShape: [8, 8, 3], filters: 3, kernelSize: 3, padding: 'same', name: 'conv' })],
    });
    const act = layers.reLU({ name: 'act' });
    const once = act.apply(stem.apply(image)) as SymbolicTensor;
    const model = makeModel({ inputs: image, outputs: act.apply(stem.apply(once)) as SymbolicTensor, name: 'twice' });
    const { rows, parameters, multiplyAdds } = summary(model);
    expect(rows.map(({ name, receptiveField }) => [name, receptiveField?.[0]])).toEqual([
      ['image', 1],
      ['stem.conv', 3],
      ['act', 3],
      ['stem.conv', 5],
      ['act', 5],
    ]);
    expect(parameters).toBe(3 * 3 * 3 * 3 + 3);
    expect(multiplyAdds).toBe(2 * 64 * 81);
    const net = new Classifier({ model, categories: null, preprocessing: { ...preprocessing, crop: [8, 8] } });
    const picture = tf.zeros<tf.Rank.R3>([8, 8, 3], 'int32');
    for (const name of ['act', 'stem', 'stem.conv'])
      await expect(net.activations(picture, [name])).rejects.toThrow(
        `applies '${name.split('.')[0]}' several times: expected a layer that is applied once`,
      );
    picture.dispose();
    tf.disposeVariables();
  });
});

describe('layers of tfjs', () => {
  const facts = (...stack: layers.Layer[]) => {
    const net = sequential({ name: 'stack', layers: stack });
    const { rows } = summary(net);
    net.dispose();
    return rows.slice(1).map(({ type, multiplyAdds, receptiveField }) => [type, multiplyAdds, receptiveField]);
  };
  const inputShape = [16, 16, 4];

  it('count with their dilation, and separable convolutions with both kernels', () => {
    expect(
      facts(
        layers.conv2d({ inputShape, filters: 5, kernelSize: 3, dilationRate: 2, padding: 'same' }),
        layers.depthwiseConv2d({ kernelSize: 3, strides: 2, depthMultiplier: 2, padding: 'same' }),
        layers.separableConv2d({ filters: 7, kernelSize: [3, 1], padding: 'same' }),
        layers.upSampling2d({ size: [2, 2] }),
        layers.conv2d({ filters: 1, kernelSize: 3 }),
      ),
    ).toEqual([
      ['Conv2D', 16 * 16 * 9 * 4 * 5, [5, 5]],
      ['DepthwiseConv2D', 8 * 8 * 9 * 5 * 2, [7, 7]],
      ['SeparableConv2D', 8 * 8 * (3 * 10 + 10 * 7), [11, 7]],
      ['UpSampling2D', 0, [11, 7]],
      ['Conv2D', 14 * 14 * 9 * 7, [13, 9]],
    ]);
  });

  it('count channels first, transposed, and a linear layer at each place of a map', () => {
    expect(
      facts(layers.conv2d({ inputShape: [4, 16, 8], filters: 5, kernelSize: 3, dataFormat: 'channelsFirst' })),
    ).toEqual([['Conv2D', 14 * 6 * 9 * 4 * 5, [3, 3]]]);
    expect(
      facts(
        layers.dense({ inputShape, units: 3 }),
        layers.conv2dTranspose({ filters: 2, kernelSize: 4, strides: 2, padding: 'same' }),
        layers.prelu({}),
        layers.globalMaxPooling2d({}),
      ),
    ).toEqual([
      ['Dense', 16 * 16 * 4 * 3, [1, 1]],
      ['Conv2DTranspose', 16 * 16 * 16 * 3 * 2, [2, 2]],
      ['PReLU', 0, [2, 2]],
      ['GlobalMaxPooling2D', 0, null],
    ]);
  });

  it('of an unknown class are shown as such: their multiply-adds are not known', () => {
    class Scale extends layers.Layer {
      static readonly className = 'Scale';

      override build(shape: number[]): void {
        this.addWeight('scale', [shape.at(-1)!], 'float32', initializers.ones());
        super.build(shape);
      }
    }
    class Shrink extends layers.Layer {
      static readonly className = 'Shrink';

      override computeOutputShape([n, h, w, c]: number[]): number[] {
        return [n!, h! / 2, w! / 2, c!];
      }
    }
    const net = sequential({
      layers: [
        layers.conv2d({ inputShape, filters: 5, kernelSize: 3 }),
        new Scale({ name: 'scale' }),
        new Shrink({ name: 'shrink' }),
      ],
    });
    const { rows, multiplyAdds } = summary(net);
    expect(rows.slice(2).map((row) => [row.type, row.multiplyAdds, row.receptiveField])).toEqual([
      ['Scale', null, [3, 3]],
      ['Shrink', 0, null],
    ]);
    expect(multiplyAdds).toBeNull();
    net.dispose();
  });
});
