// `compile` of core for the engine 'kernels'.
import { Classifier, compile, loadStateDict, type Prediction, stateDict, summary, useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { Ema, evaluate, freeze, sgd, train } from '@cnnzoo/core/train';
import { googlenet } from '@cnnzoo/googlenet';
import { lenet5_relu } from '@cnnzoo/lenet';
import { resnet20 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticImage, uniform } from '../../../test/harness/synthetic.js';
import * as deploy from '../src/index.js';

beforeAll(async () => {
  await useBackend('wasm');
});

const images = ['a', 'b', 'c'].map((seed) => {
  const values = syntheticImage(40, 50, 3, seed);
  const data = Uint8ClampedArray.from({ length: 8000 }, (_, i) => (i % 4 === 3 ? 255 : 63 * (values[i % 6000]! + 2)));
  return { colorSpace: 'srgb' as const, width: 50, height: 40, data };
});
const [image] = images as [(typeof images)[0]];

const compiled = (net: Classifier, threads = 1) => compile(net, { engine: 'kernels', threads, runtime: deploy });

function expectSame(received: readonly Prediction[], expected: readonly Prediction[]): void {
  expect(received.map(({ label, index }) => [label, index])).toEqual(
    expected.map(({ label, index }) => [label, index]),
  );
  const [scores, own] = [received, expected].map((each) => each.map(({ score }) => score));
  expect(relativeError(scores!, own!)).toBeLessThanOrEqual(PARITY);
}

const refused = (message: RegExp | string, code = 'INPUT') =>
  expect.objectContaining({ name: 'CnnzooError', code, message: expect.stringMatching(message) });

/** Data of the size of a net's images. */
async function dataOf({ preprocessing: { crop, channels } }: Classifier, count = 6) {
  const shape = [count, ...crop, channels] as const;
  const x = tf.tensor4d(uniform('data', count * crop[0] * crop[1] * channels, -1, 1), [...shape]);
  const y = tf.tensor1d([...Array(count).keys()], 'int32');
  const data = await fromTensors(x, y, { normalized: true });
  tf.dispose([x, y]);
  return data;
}

describe("a net that was compiled for the engine 'kernels'", () => {
  it.each([
    ['resnet20', () => resnet20.pretrained()],
    ['lenet5_relu', () => lenet5_relu.pretrained()],
  ])('answers as the net does, %s', async (_name, build) => {
    const net = await build();
    const fast = await compiled(net, 2);
    const [answers, vectors] = [await net.classify(images), await net.embed(images)];
    const evaluation = await evaluate(net, await dataOf(net));
    net.dispose();
    for (const [i, list] of (await fast.classify(images)).entries()) expectSame(list, answers[i]!);
    for (const [i, vector] of (await fast.embed(images)).entries())
      expect(relativeError(vector, vectors[i]!)).toBeLessThanOrEqual(PARITY);
    async function* stream() {
      yield* images;
    }
    let seen = 0;
    for await (const answer of fast.classify(stream(), { batchSize: 2 }))
      if ('predictions' in answer) expectSame(answer.predictions, answers[seen++]!);
    expect(seen).toBe(3);
    for await (const answer of fast.watch(stream())) {
      expect(answer).toHaveLength(5);
      break;
    }
    const { loss, top1, count } = await evaluate(fast, await dataOf(fast));
    expect([top1, count]).toEqual([evaluation.top1, evaluation.count]);
    expect(relativeError([loss], [evaluation.loss])).toBeLessThanOrEqual(PARITY);
    fast.dispose();
  });

  it('of several outputs answers with the first, and embeds', async () => {
    const { preprocessing } = googlenet.weights.DEFAULT;
    const model = googlenet({ numClasses: 5, inputShape: [224, 224, 3], auxHeads: true, seed: 1 });
    expect(model.outputs).toHaveLength(3);
    const net = new Classifier({ model, preprocessing, categories: null });
    const fast = await compiled(net);
    expectSame(await fast.classify(image), await net.classify(image));
    const [vector, own] = [await fast.embed(image), await net.embed(image)];
    expect(relativeError(vector, own)).toBeLessThanOrEqual(PARITY);
    net.dispose();
    fast.dispose();
  });

  it('of a net without a head embeds, and classifies nothing, as a session of it', async () => {
    const trained = await resnet20.pretrained();
    const { preprocessing } = trained;
    trained.dispose();
    const net = new Classifier({ model: resnet20({ numClasses: 0 }), preprocessing, categories: null });
    const vector = await net.embed(image);
    const noHead = refused(/has no head .*made with numClasses: 0/);
    const fast = await compiled(net);
    const session = await deploy.createSession(net, { engine: 'kernels', threads: 1 });
    net.dispose();
    for (const each of [fast, session]) {
      await expect(each.classify(image)).rejects.toThrow(noHead);
      await expect(each.classify((async function* () {})()).next()).rejects.toThrow(noHead);
      expect(relativeError(await each.embed(image), vector)).toBeLessThanOrEqual(PARITY);
      await each.dispose();
    }
  });

  it('finds the installed package', async () => {
    const net = await lenet5_relu.pretrained();
    const fast = await compile(net, { engine: 'kernels', threads: 1 });
    expectSame(await fast.classify(image), await net.classify(image));
    net.dispose();
    fast.dispose();
  });

  it('takes the activation that its scores are computed with', async () => {
    const net = await lenet5_relu.pretrained();
    const fast = await compiled(net);
    net.activation = fast.activation = 'sigmoid';
    expectSame(await fast.classify(image, { topK: 10 }), await net.classify(image, { topK: 10 }));
    net.dispose();
    fast.dispose();
  });

  it('does not answer once the weights of its net have changed', async () => {
    const net = await resnet20.pretrained();
    const values = await stateDict(net);
    const changes: readonly (() => Promise<unknown> | unknown)[] = [
      async () => {
        for await (const _ of train(net, await dataOf(net), { optimizer: sgd({ lr: 0.1 }), epochs: 1 }));
      },
      // SGD's kernel changes weights in place.
      async () => {
        freeze(net, 'backbone');
        for await (const _ of train(net, await dataOf(net), { optimizer: sgd({ lr: 0.1, momentum: 0.9 }), epochs: 2 }));
      },
      () => loadStateDict(net, values),
      () =>
        tf.tidy(() => {
          const weight = net.model.weights.at(-1)!;
          weight.write(tf.add(weight.read(), 1));
        }),
    ];
    for (const change of changes) {
      const fast = await compiled(net);
      await fast.classify(image);
      await change();
      const isStale = refused(/weights of 'resnet20' have changed since/);
      await expect(fast.classify(image)).rejects.toThrow(isStale);
      await expect(fast.embed(image)).rejects.toThrow(isStale);
      await expect(evaluate(fast, await dataOf(fast))).rejects.toThrow(isStale);
      fast.dispose();
    }
    const fast = await compiled(net);
    expectSame(await fast.classify(image), await net.classify(image));
    // A net that was trained and disposed of is not the one that was compiled either.
    for await (const _ of train(net, await dataOf(net), { optimizer: sgd({ lr: 0.1 }), epochs: 1 }));
    net.dispose();
    await expect(fast.classify(image)).rejects.toThrow(/have changed since/);
    fast.dispose();
    for (const { tensor } of Object.values(values) as unknown as { tensor?: tf.Tensor }[]) tensor?.dispose();
  });

  it('answers again after the averages of an Ema have left its net', async () => {
    const net = await lenet5_relu.pretrained();
    const ema = new Ema(net, { decay: 0.5 });
    for await (const _ of train(net, await dataOf(net), { optimizer: sgd({ lr: 0.1 }), epochs: 1 })) await ema.update();
    const fast = await compiled(net);
    await ema.during(() => expect(fast.classify(image)).rejects.toThrow(/have changed since/));
    expectSame(await fast.classify(image), await net.classify(image));
    ema.dispose();
    net.dispose();
    fast.dispose();
  });

  it('refuses what needs its layers', async () => {
    const net = await resnet20.pretrained();
    const fast = await compiled(net);
    net.dispose();
    const noLayers = refused(/was compiled for the engine 'kernels'.*Use the net that it was compiled from/);
    const noTraining = refused(/was made by compile/);
    expect(() => summary(fast)).toThrow(noLayers);
    expect(() => tf.tidy(() => fast.model.predict(tf.zeros([1, 32, 32, 3])))).toThrow(noLayers);
    await expect(compile(fast)).rejects.toThrow(noLayers);
    await expect(compiled(fast)).rejects.toThrow(noLayers);
    await expect(deploy.createSession(fast)).rejects.toThrow(noLayers);
    await expect(deploy.quantize(fast, images)).rejects.toThrow(noLayers);
    await expect(fast.activations(image, ['layer1'])).rejects.toThrow(refused(/has no layer 'layer1'/));
    expect(() => freeze(fast, 'backbone')).toThrow(noTraining);
    await expect(stateDict(fast)).rejects.toThrow(noTraining);
    await expect(fast.save('elsewhere')).rejects.toThrow(noTraining);
    const settings = { optimizer: sgd({ lr: 1 }), epochs: 1 };
    await expect(train(fast, await dataOf(fast), settings).next()).rejects.toThrow(noTraining);
    fast.dispose();
  });

  it('frees its engine, with the calls in progress answered', async () => {
    const net = await resnet20.pretrained();
    const sessions: deploy.Session[] = [];
    const runtime = {
      createSession: async (...args: Parameters<typeof deploy.createSession>) => {
        const session = await deploy.createSession(...args);
        sessions.push(session);
        return session;
      },
    };
    const fast = await compile(net, { engine: 'kernels', runtime });
    net.dispose();
    const answer = sessions[0]!.run(syntheticImage(32, 32, 3), [1, 32, 32, 3]);
    fast.dispose();
    fast.dispose();
    expect(await answer).toHaveLength(10);
    await expect(fast.classify(image)).rejects.toThrow(refused(/was disposed of/));
    await expect(sessions[0]!.run(syntheticImage(32, 32, 3), [1, 32, 32, 3])).rejects.toThrow(refused(/disposed of/));
  });

  it('is refused during a training, for a LayersModel and with wrong options', async () => {
    const net = await resnet20.pretrained();
    const steps = train(net, await dataOf(net), { optimizer: sgd({ lr: 0.1 }), epochs: 2 });
    await steps.next();
    await expect(compiled(net)).rejects.toThrow(refused(/'resnet20' is being trained/, 'TRAINING'));
    await steps.return();
    (await compiled(net)).dispose();
    await expect(compile(net.model, { engine: 'kernels' } as never)).rejects.toThrow(refused(/is for a Classifier/));
    for (const [options, message] of [
      [{ engine: 'onnx' }, /expected engine 'tfjs' or 'kernels', received onnx/],
      [{ engine: null }, /received null/],
      [{ threads: 2 }, /for the engine 'kernels'/],
      [{ engine: 'kernels', threads: 0, runtime: deploy }, /threads/],
      [{ engine: 'kernels', threads: 257, runtime: deploy }, /threads from 1 to 256/],
      [{ engine: 'kernels', runtime: {} }, /expected runtime to be the module '@cnnzoo\/deploy'/],
      [{ engine: 'kernels', dtype: 'int8' }, /no option 'dtype'/],
    ] as const)
      await expect(compile(net, options as never), message.source).rejects.toThrow(refused(message));
    net.dispose();
  });

  it('is an error while its weights change before the engine has read them', async () => {
    const net = await lenet5_relu.pretrained();
    const pending = compiled(net);
    tf.tidy(() => {
      const weight = net.model.weights[0]!;
      weight.write(tf.add(weight.read(), 1));
    });
    await expect(pending).rejects.toThrow(/have changed since/);
    net.dispose();
  });
});
