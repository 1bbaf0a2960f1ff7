import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  type SymbolicTensor,
  model as stockModel,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import { fromTensors } from '../../src/data.js';
import { NetModel, writeNote } from '../../src/graph/index.js';
import { featuresOf, tapOf } from '../../src/graph/late.js';
import {
  batchNorm,
  buildModel,
  Classifier,
  compile,
  concat,
  conv,
  dropout,
  flatten,
  globalAvgPool,
  groupNorm,
  identity,
  type Layer,
  linear,
  loadStateDict,
  maxPool,
  Random,
  relu,
  residual,
  sameConv,
  saveStateDict,
  seq,
  sigmoid,
  stateDict,
  summary,
  useBackend,
} from '../../src/index.js';
import { Ema, evaluate, fit, freeze, sgd, train, unfreeze } from '../../src/train.js';
import { withRandom } from '../../src/util/random.js';

/** Builds a net whose weights and statistics are those of no fresh net. */
function make(
  layer: (x: SymbolicTensor, path: string) => SymbolicTensor | SymbolicTensor[],
  channels = 3,
): LayersModel {
  const random = new Random(7);
  const model = withRandom(random, () => buildModel('net', layer, [null, null, channels]));
  unsettle(model, random);
  return model;
}

function unsettle(model: LayersModel, random = new Random(3)): void {
  for (const weight of model.weights)
    if (weight.shape.length === 1)
      tf.tidy(() => {
        weight.write(tf.tensor1d(random.fillUniform(new Float32Array(weight.shape[0]!), 0.4, 1.6)));
      });
}

/** Frees a net whose layers are applied several times: tfjs counts each application, and disposes of a layer once. */
function disposeShared(...models: readonly LayersModel[]): void {
  for (const model of models)
    for (const layer of model.layers) while ((layer as unknown as { _refCount: number })._refCount > 0) layer.dispose();
}

const image = (height = 9, width = 8, channels = 3, n = 2): tf.Tensor4D =>
  tf.randomNormal([n, height, width, channels], 0, 1, 'float32', 5);

const run = (model: LayersModel, x: tf.Tensor | tf.Tensor[]): tf.Tensor[] =>
  [model.apply(x, { training: false }) as tf.Tensor | tf.Tensor[]].flat();

/** Expects the compiled net to answer as the net itself, at even and odd sizes. Returns its layers' classes and names. */
async function expectSame(model: LayersModel, channels = 3): Promise<string[]> {
  const compiled = await compile(model);
  expect(compiled.outputs.map(({ shape }) => shape)).toEqual(model.outputs.map(({ shape }) => shape));
  for (const [height, width] of [
    [8, 8],
    [9, 9],
    [9, 8],
  ] as const)
    tf.tidy(() => {
      const x = image(height, width, channels);
      const [expected, received] = [run(model, x), run(compiled, x)];
      for (const [i, each] of expected.entries()) {
        expect(received[i]!.shape).toEqual(each.shape);
        expect(relativeError(received[i]!.dataSync(), each.dataSync())).toBeLessThanOrEqual(1e-5);
      }
    });
  const names = compiled.layers.map((layer) => `${layer.getClassName().replace('cnnzoo.', '')} ${layer.name}`);
  compiled.dispose();
  return names;
}

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ name: 'CnnzooError', code, message: expect.stringMatching(message) });

const norm = { conv: sameConv(5, 3, { bias: false }), bn: batchNorm(), relu };

describe.each(['wasm', 'cpu'] as const)('compile on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it('folds BatchNorm and fuses ReLU', async () => {
    const net = make(seq({ a: seq(norm), pool: globalAvgPool, fc: linear(4), bn: batchNorm(), relu }));
    expect(await expectSame(net)).toEqual([
      'InputLayer image',
      'FusedConv2d a.relu',
      'GlobalAveragePooling2D pool',
      'FusedLinear relu',
    ]);
    net.dispose();
  });

  it('folds two BatchNorms, a bias and BatchNorm behind dropout', async () => {
    const net = make(
      seq({
        conv: conv(4, 3, { stride: 2 }),
        bn1: batchNorm(),
        drop: dropout(0.5),
        bn2: batchNorm({ eps: 0.1 }),
        relu,
      }),
    );
    expect(await expectSame(net)).toEqual(['InputLayer image', 'FusedConv2d relu']);
    net.dispose();
  });

  it.each([
    ['grouped', 2, 6, 8, 1],
    ['depthwise', 6, 6, 6, 1],
    ['depthwise with two filters a channel', 6, 6, 12, 1],
    ['grouped and dilated', 3, 6, 9, 2],
    ['in more than one bundle', 8, 64, 64, 1],
  ])('folds a convolution that is %s', async (_, groups, channels, filters, dilation) => {
    for (const padding of [0, [1, 2]] as const) {
      const options = { groups, padding, dilation, stride: dilation === 1 ? ([2, 2] as const) : 1, bias: false };
      const net = make(seq({ conv: conv(filters, 3, options), bn: batchNorm(), relu }), channels);
      expect(await expectSame(net, channels)).toEqual(['InputLayer image', 'FusedConv2d relu']);
      net.dispose();
    }
  });

  it('fuses the addition of a residual with its ReLU', async () => {
    const project = (channels: number, stride: number) => seq([conv(channels, 1, { stride }), batchNorm()]);
    const block = (width: number, stride: number) =>
      residual(
        { conv1: sameConv(width, 3, { stride }), bn1: batchNorm(), relu, conv2: sameConv(width, 3), bn2: batchNorm() },
        { stride, project },
      );
    const net = make(seq({ stem: seq(norm), a: block(5, 1), b: block(6, 2) }));
    expect((await expectSame(net)).filter((name) => !name.startsWith('FusedConv2d'))).toEqual([
      'InputLayer image',
      'FusedAdd a.out',
      'FusedAdd b.out',
    ]);
    net.dispose();
  });

  it('leaves what is read in the middle', async () => {
    // The convolution's output, and the BatchNorm's, have two readers.
    const two: Layer = (x, path) => {
      const y = conv(4, 1)(x, `${path}.conv`);
      const z = batchNorm()(y, `${path}.bn`);
      return concat([(each) => each, () => y, relu])(z, `${path}.cat`);
    };
    const net = make(seq({ two, after: seq(norm) }));
    expect(await expectSame(net)).toContain('BatchNorm two.bn');
    net.dispose();
  });

  it('leaves outputs in the middle, and gives all of them', async () => {
    const net = make((x) => {
      const y = conv(4, 3)(x, 'conv');
      const z = batchNorm()(y, 'bn');
      return [relu(z, 'relu'), z, y];
    });
    expect((await expectSame(net)).slice(1).sort()).toEqual(['Activation relu', 'BatchNorm bn', 'FusedConv2d conv']);
    net.dispose();
  });

  it('does not fold BatchNorm into a convolution after it, nor across another layer', async () => {
    const net = make(
      seq({
        bn0: batchNorm(),
        conv1: conv(4, 1),
        relu,
        bn1: batchNorm(),
        relu1: relu,
        pool: maxPool(2),
        bn2: batchNorm(),
        conv2: conv(4, 1),
        s: sigmoid,
        gn: groupNorm(2),
        out: relu,
      }),
    );
    const names = await expectSame(net);
    expect(names.filter((name) => name.startsWith('BatchNorm'))).toEqual([
      'BatchNorm bn0',
      'BatchNorm bn1',
      'BatchNorm bn2',
    ]);
    expect(names).toContain('GroupNorm gn');
    net.dispose();
  });

  it('adds a map to itself, and a chain of additions', async () => {
    const twice: Layer = (x, path) => residual({ main: identity }, { project: () => identity })(x, path);
    const net = make(seq({ conv: conv(4, 3), bn: batchNorm(), a: twice, b: twice }));
    const names = await expectSame(net);
    expect(names.filter((name) => name.startsWith('FusedAdd'))).toHaveLength(2);
    net.dispose();
  });

  it('folds each application of a shared layer by itself', async () => {
    const image = input({ shape: [null, null, 3], name: 'image' });
    const source = make(seq({ conv: sameConv(3, 3), bn1: batchNorm(), relu }));
    const [, shared, bn1, act] = source.layers as [unknown, layers.Layer, layers.Layer, layers.Layer];
    const apply = (layer: layers.Layer, x: SymbolicTensor) => layer.apply(x) as SymbolicTensor;
    const bn2 = batchNorm();
    const once = apply(act, apply(bn1, apply(shared, image)));
    const again = apply(act, bn2(apply(shared, once), 'bn2'));
    const third = apply(shared, again);
    const fourth = apply(act, apply(bn1, apply(shared, third)));
    const net = new NetModel({ inputs: image, outputs: [fourth, third] });
    unsettle(net);
    const names = await expectSame(net);
    // The first application and the last are of one fused layer.
    expect(names.filter((name) => name.startsWith('FusedConv2d'))).toHaveLength(3);
    disposeShared(net, source);
  });

  it('unfolds inner nets, also one that is applied twice', async () => {
    const inner = make(seq({ conv: sameConv(3, 3), bn: batchNorm(), relu }));
    const image = input({ shape: [null, null, 3], name: 'image' });
    const y = inner.apply(inner.apply(image) as SymbolicTensor) as SymbolicTensor;
    const net = stockModel({ inputs: image, outputs: batchNorm()(y, 'bn') });
    unsettle(net);
    expect(await expectSame(net)).toEqual(['InputLayer image', 'FusedConv2d net.relu', 'BatchNorm bn']);
    disposeShared(net);
  });

  it('leaves layers of tfjs alone, with weights of their own', async () => {
    const net = make((x) => {
      const y = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'c' }).apply(x) as SymbolicTensor;
      const z = layers.batchNormalization({ name: 'b' }).apply(y) as SymbolicTensor;
      const w = layers.reLU({ name: 'r' }).apply(z) as SymbolicTensor;
      return layers.dense({ units: 3, activation: 'softmax', name: 'd' }).apply(w) as SymbolicTensor;
    });
    const compiled = await compile(net);
    const names = compiled.layers.map(({ name }) => name);
    expect(names).toEqual(net.layers.map(({ name }) => name));
    compiled.dispose();
    await expectSame(net);
    net.dispose();
  });

  it('copies the weights of a layer of which some are frozen', async () => {
    const net = make((x) => layers.batchNormalization({ name: 'b' }).apply(conv(3, 1)(x, 'c')) as SymbolicTensor);
    net.layers[2]!.weights[0]!.trainable = false;
    await expectSame(net);
    net.dispose();
  });

  it('runs a layer that tfjs cannot copy by itself, and refuses one with weights', async () => {
    class Twice extends layers.Layer {
      static readonly className = 'Twice';
      constructor(private readonly factor: number) {
        super({ name: 'twice' });
      }
      override call(x: tf.Tensor | tf.Tensor[]) {
        return tf.mul([x].flat()[0]!, this.factor);
      }
    }
    class Own extends layers.Layer {
      static readonly className = 'Own';
      override build() {
        this.addWeight('w', [1], 'float32', initializers.ones());
        super.build([]);
      }
    }
    const net = make((x) => new Twice(3).apply(seq(norm)(x, 'a')) as SymbolicTensor);
    expect(await expectSame(net)).toContain('Borrowed twice');
    net.dispose();
    const other = make((x) => new Own({ name: 'own' }).apply(x) as SymbolicTensor);
    await expect(compile(other)).rejects.toThrow(refused('INPUT', /layer 'own'.*registerClass/s));
    other.dispose();
  });

  it('does not take a subclass for the class that it extends', async () => {
    const { Conv2d } = await import('../../src/index.js');
    class Odd extends Conv2d {
      override call(x: tf.Tensor | tf.Tensor[]) {
        return tf.neg(super.call(x));
      }
    }
    const pairs = { kernelSize: [3, 3], stride: [1, 1], padding: [1, 1] } as const;
    const args = { ...pairs, filters: 4, groups: 1, bias: true, initial: 'ones', biasInitial: 'ones' } as const;
    const net = make((x) => batchNorm()(new Odd({ ...args, name: 'odd' }).apply(x) as SymbolicTensor, 'bn'));
    await expectSame(net);
    net.dispose();
  });

  it('is exact where a variance or a weight is 0', async () => {
    const net = make(seq(norm));
    const [weight, gamma, , mean, variance] = net.weights.length === 5 ? byName(net) : [];
    tf.tidy(() => {
      const filter = tf.mul(weight!.read(), tf.tensor1d([0, 1, 1, 1, 1]));
      weight!.write(filter);
      gamma!.write(tf.tensor1d([1, 0, -1, 1e-30, 1]));
      mean!.write(tf.tensor1d([0, 0, 0, 0, 100]));
      variance!.write(tf.tensor1d([0, 0, 1e-12, 0, 1e6]));
    });
    await expectSame(net);
    net.dispose();
  });

  it('refuses to fold a variance that leaves no finite weight, and gives NaN for NaN', async () => {
    const net = make(seq({ conv: conv(2, 1), bn: batchNorm({ eps: 0 }) }));
    const [, variance] = [net, byName(net)[4]!] as const;
    tf.tidy(() => {
      variance.write(tf.tensor1d([1, 0]));
    });
    await expect(compile(net)).rejects.toThrow(refused('INPUT', /'bn'.*'conv'.*running_var/s));
    tf.tidy(() => {
      variance.write(tf.tensor1d([1, Number.NaN]));
    });
    const compiled = await compile(net);
    tf.tidy(() => {
      const [y] = run(compiled, image(1, 1, 3, 1)) as [tf.Tensor];
      expect(Number.isNaN(y.dataSync()[0])).toBe(false);
      expect(Number.isNaN(y.dataSync()[1])).toBe(true);
    });
    compiled.dispose();
    net.dispose();
  });

  it('leaves nothing behind if the building fails', async () => {
    const net = make((x) => layers.dense({ units: 3, name: 'd' }).apply(seq(norm)(x, 'a')) as SymbolicTensor);
    const dense = net.layers.at(-1)!;
    const config = dense.getConfig();
    dense.getConfig = () => ({ ...config, units: 4 });
    await expect(compile(net)).rejects.toThrow(refused('INPUT', /copy of layer 'd'/));
    net.dispose();
  });
});

/** Two images and their labels. */
async function dataOf() {
  const x = image(8, 8);
  const y = tf.tensor1d([0, 1], 'int32');
  const data = await fromTensors(x, y);
  tf.dispose([x, y]);
  return data;
}

/** Returns the weights of the convolution and of the BatchNorm: weight, gamma, beta, mean and variance. */
const byName = (net: LayersModel) =>
  [/conv\/weight|conv\.weight/, /bn\/weight/, /bn\/bias/, /running_mean/, /running_var/].map(
    (name) => net.weights.find(({ originalName }) => name.test(originalName))!,
  );

describe('a compiled net', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  const tiny = (): LayersModel => {
    const layer = seq({ a: seq(norm), pool: globalAvgPool, drop: dropout(0.2), fc: linear(2) });
    const net = withRandom(new Random(1), () => buildModel('tiny', layer, [8, 8, 3]));
    unsettle(net);
    writeNote(net, { model: 'tiny', head: 'fc' });
    return net;
  };
  const preprocessing = {
    resize: null,
    crop: [8, 8],
    channels: 3,
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    interpolation: 'bilinear',
  } as const;
  const classifierOf = (model: LayersModel): Classifier =>
    new Classifier({ model, preprocessing, categories: ['cat', 'dog'], weights: 'W', activation: 'sigmoid' });
  const pixels = () => {
    const data = new Uint8ClampedArray(8 * 8 * 4).map((_, i) => (i % 4 === 3 ? 255 : (i * 37) % 256));
    return { data, width: 8, height: 8, colorSpace: 'srgb' } as ImageData;
  };

  it('classifies, embeds, gives activations and a summary as the net does', async () => {
    const net = classifierOf(tiny());
    const compiled = await compile(net);
    expect(compiled).toBeInstanceOf(Classifier);
    expect([compiled.categories, compiled.weights, compiled.activation]).toEqual([net.categories, 'W', 'sigmoid']);
    const [expected, received] = [await net.classify(pixels()), await compiled.classify(pixels())];
    expect(received.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
    for (const [i, { score }] of expected.entries()) expect(received[i]!.score).toBeCloseTo(score, 5);
    expect(relativeError(await compiled.embed(pixels()), await net.embed(pixels()))).toBeLessThanOrEqual(1e-5);
    const [ours, theirs] = [
      await compiled.activations(pixels(), ['a.relu', 'fc']),
      await net.activations(pixels(), ['a.relu', 'fc']),
    ];
    for (const name of ['a.relu', 'fc'] as const)
      expect(relativeError(ours[name].dataSync(), theirs[name].dataSync())).toBeLessThanOrEqual(1e-5);
    tf.dispose([ours, theirs]);
    await expect(compiled.activations(pixels(), ['a.conv'])).rejects.toThrow(
      refused('INPUT', /no layer 'a.conv'.*a\.relu/s),
    );
    expect(summary(compiled).rows.map(({ name }) => name)).toEqual(['image', 'a.relu', 'pool', 'fc']);
    expect(summary(compiled).multiplyAdds).toBe(summary(net).multiplyAdds);
    compiled.dispose();
    compiled.dispose();
    net.dispose();
  });

  it('outlives the net, and a training does not reach it', async () => {
    const net = tiny();
    const compiled = await compile(net);
    const x = image(8, 8);
    const before = tf.tidy(() => run(compiled, x)[0]!.dataSync());
    for await (const _ of train(net, await dataOf(), { optimizer: sgd({ lr: 0.5, momentum: 0.9 }), epochs: 2 }));
    expect(tf.tidy(() => run(compiled, x)[0]!.dataSync())).toEqual(before);
    net.dispose();
    expect(tf.tidy(() => run(compiled, x)[0]!.dataSync())).toEqual(before);
    compiled.dispose();
    x.dispose();
  });

  it('is made between the steps of a training, and not in the middle of one', async () => {
    const net = tiny();
    const x = image(8, 8);
    const options = { optimizer: sgd({ lr: 0.1 }), epochs: 1, batchSize: 1 };
    const loss = (logits: tf.Tensor2D) => {
      inside.push(compile(net).catch((error: unknown) => error));
      return tf.mean(logits) as tf.Scalar;
    };
    const inside: Promise<unknown>[] = [];
    for await (const _ of train(net, await dataOf(), { ...options, loss })) {
      const compiled = await compile(net);
      tf.tidy(() => {
        expect(relativeError(run(compiled, x)[0]!.dataSync(), run(net, x)[0]!.dataSync())).toBeLessThanOrEqual(1e-5);
      });
      compiled.dispose();
    }
    expect(inside).toHaveLength(2);
    for (const each of inside) expect(await each).toEqual(refused('TRAINING', /step of 'tiny' is in progress/));
    net.dispose();
    x.dispose();
  });

  it('takes the weights of the moment of the call', async () => {
    const net = tiny();
    const x = image(8, 8);
    const expected = tf.tidy(() => run(net, x)[0]!.dataSync());
    const promise = compile(net);
    for (const weight of net.weights)
      tf.tidy(() => {
        weight.write(tf.add(weight.read(), 1));
      });
    const compiled = await promise;
    expect(
      relativeError(
        tf.tidy(() => run(compiled, x)[0]!.dataSync()),
        expected,
      ),
    ).toBeLessThanOrEqual(1e-5);
    tf.dispose(x);
    compiled.dispose();
    net.dispose();
  });

  it('can be compiled again, and its features too', async () => {
    const net = tiny();
    const compiled = await compile(net);
    const again = await compile(compiled);
    compiled.dispose();
    tf.tidy(() => {
      const x = image(8, 8);
      expect(relativeError(run(again, x)[0]!.dataSync(), run(net, x)[0]!.dataSync())).toBeLessThanOrEqual(1e-5);
      expect(run(featuresOf(again), x)[0]!.shape).toEqual([2, 5]);
      expect(run(tapOf(again, ['a.relu']), x)[0]!.shape).toEqual([2, 8, 8, 5]);
    });
    again.dispose();
    net.dispose();
  });

  it('does not train, and has no gradient, state dict or file', async () => {
    const net = tiny();
    const compiled = classifierOf(await compile(net));
    const { model } = compiled;
    const isRefused = refused('INPUT', /'tiny'.*compile/s);
    await expect(train(compiled, await dataOf(), { optimizer: sgd({ lr: 1 }), epochs: 1 }).next()).rejects.toThrow(
      isRefused,
    );
    const settings = { optimizer: sgd({ lr: 1 }), epochs: 1, batchSize: 2 };
    await expect(fit(compiled, await dataOf(), settings)).rejects.toThrow(isRefused);
    await expect((async () => new Ema(compiled, { decay: 0.9 }))()).rejects.toThrow(isRefused);
    expect(() => freeze(compiled, 'backbone')).toThrow(isRefused);
    expect(() => unfreeze(compiled)).toThrow(isRefused);
    expect(() => {
      model.trainable = true;
    }).toThrow(isRefused);
    expect(() => {
      model.layers[1]!.trainable = true;
    }).toThrow(refused('INPUT', /'a.relu'/));
    expect(() => model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })).toThrow(isRefused);
    await expect(model.fit([], [])).rejects.toThrow(isRefused);
    expect(() =>
      tf.tidy(() => {
        model.apply(image(8, 8), { training: true });
      }),
    ).toThrow(isRefused);
    await expect(stateDict(compiled)).rejects.toThrow(isRefused);
    await expect(saveStateDict(compiled, 'a.safetensors')).rejects.toThrow(isRefused);
    await expect(loadStateDict(compiled, new Map())).rejects.toThrow(isRefused);
    await expect(compiled.save('somewhere')).rejects.toThrow(isRefused);
    tf.tidy(() => {
      const gradient = tf.grad((x) => tf.sum(run(model, x)[0]!));
      expect(() => gradient(image(8, 8))).toThrow(refused('TRAINING', /compiled net, which has no gradients/));
    });
    compiled.dispose();
    net.dispose();
  });

  it('is evaluated as the net is', async () => {
    const net = tiny();
    const compiled = await compile(net);
    const data = await dataOf();
    const [ours, theirs] = [await evaluate(compiled, data), await evaluate(net, data)];
    expect(ours.top1).toBe(theirs.top1);
    expect(ours.loss).toBeCloseTo(theirs.loss, 5);
    compiled.dispose();
    net.dispose();
  });

  it.each([null, undefined, 3, 'net', {}, { model: 1 }])('is not made of %j', async (value) => {
    await expect(compile(value as never)).rejects.toThrow(refused('INPUT', /expected a Classifier or LayersModel/));
  });

  it('is not made of a net that was disposed of', async () => {
    const net = tiny();
    net.dispose();
    await expect(compile(net)).rejects.toThrow(refused('INPUT', /disposed/));
  });
});

it('flattens before a linear layer', async () => {
  await useBackend('wasm');
  const layer = seq({ a: seq(norm), flatten, fc: linear(3), relu });
  // Weights of chance may leave the ReLU little but rounding.
  const net = withRandom(new Random(7), () => buildModel('net', layer, [4, 5, 3]));
  const compiled = await compile(net);
  tf.tidy(() => {
    const x = image(4, 5);
    expect(relativeError(run(compiled, x)[0]!.dataSync(), run(net, x)[0]!.dataSync())).toBeLessThanOrEqual(1e-5);
  });
  compiled.dispose();
  net.dispose();
});
