import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BuildOptions,
  Classifier,
  compile,
  load,
  loadStateDict,
  type ModelDefinition,
  type Preprocessing,
  stateDict,
  summary,
  useBackend,
} from '@cnnzoo/core';
import { featuresOf, withBuildScope } from '@cnnzoo/core/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose, relativeError } from '../close.js';
import { type Golden, type InputSize, logitsOf, outputsOf, PARITY } from './parity.js';
import { syntheticCheckpoint, syntheticImage } from './synthetic.js';

/** Preprocessing that leaves images of exactly this size unchanged. */
const straight = ([height, width, channels]: InputSize): Preprocessing => ({
  resize: null,
  crop: [height, width],
  channels: channels as 1 | 3,
  mean: new Array<number>(channels).fill(0),
  std: new Array<number>(channels).fill(1),
  interpolation: 'bilinear',
});

/** Compares as bytes, because a matcher would look at millions of numbers one by one. */
const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

export interface HarnessOptions {
  /** Folder of the `<model>.json` goldens. */
  readonly goldens: URL;
  /** True if the nets take any height and width, so that one net serves all sizes. */
  readonly anySize: boolean;
  /** Height and width for the more expensive checks. */
  readonly small: readonly [number, number];
}

/** Options of builders of nets with auxiliary heads. */
interface WithAuxHeads extends BuildOptions {
  auxHeads?: boolean;
}

const isSlowRun = process.env.CNNZOO_SLOW === '1';

/** Returns the published number of parameters; 0 for a net without weights, which is small. */
const parametersOf = ({ weights }: ModelDefinition<never>): number => weights.DEFAULT?.parameters ?? 0;

/** Checks one of the nets with more than 130 million parameters, and all of them in the slow run. */
const isChecked = (definition: ModelDefinition<never>): boolean =>
  isSlowRun || definition.name === 'vgg11_bn' || parametersOf(definition) < 1.3e8;

/** Tests everything that holds for every variant of every family. A new variant is tested because it is exported. */
export function testModels(models: Readonly<Record<string, ModelDefinition<never>>>, options: HarnessOptions): void {
  const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  beforeAll(async () => {
    await useBackend('wasm');
  });

  describe.each(Object.entries(models))('%s', (name, anyDefinition) => {
    const definition = anyDefinition as unknown as ModelDefinition;
    const [, , channels] = definition.inputShape;
    const file = new URL(`${name}.json`, options.goldens);

    it('is named as it is exported', () => {
      expect(definition.name).toBe(name);
      expect(existsSync(file), `a golden: run the tool 'golden ${name}'`).toBe(true);
    });

    it('has the published parameters and multiply-adds', () => {
      // Zeros, because drawing the initial values of a hundred million weights takes seconds.
      const zeros = { take: (_: string, shape: readonly number[]) => tf.zeros([...shape]) };
      const net = withBuildScope(zeros, () => definition());
      const { parameters, multiplyAdds } = summary(net);
      net.dispose();
      for (const entry of Object.values(definition.weights)) {
        expect(parameters).toBe(entry.parameters);
        if (entry.gflops !== undefined) expect((multiplyAdds! / 1e9).toFixed(3)).toBe(entry.gflops.toFixed(3));
      }
    });

    if (isChecked(anyDefinition))
      it(`answers as PyTorch does, within ${PARITY}`, async () => {
        const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;
        const sizes = golden.cases.map(({ height, width }) => [height, width] as const);
        expect(sizes.some(([height, width]) => height === width && height % 2 === 0)).toBe(true);
        expect(sizes.some(([height, width]) => height === width && height % 2 === 1)).toBe(true);
        expect(sizes.some(([height, width]) => height !== width)).toBe(true);
        let net: LayersModel | undefined;
        let compiled: LayersModel | undefined;
        for (const { height, width, classes, largest, logits, features } of golden.cases) {
          if (!net || !options.anySize) {
            net?.dispose();
            compiled?.dispose();
            net = definition({ inputShape: options.anySize ? [null, null, channels] : [height, width, channels] });
            await loadStateDict(net, syntheticCheckpoint(await stateDict(net), golden.seed));
            compiled = await compile(net);
          }
          const shape = [height, width, channels] as const;
          const image = syntheticImage(...shape, golden.seed);
          const expectGolden = (received: Float32Array, length: number, first: readonly number[], scale: number) => {
            expect(received.length).toBe(length);
            const error = relativeError(received.subarray(0, first.length), first) * Math.max(...first.map(Math.abs));
            expect(error / scale, `${height} x ${width}`).toBeLessThanOrEqual(PARITY);
          };
          const [apart, fused] = [logitsOf(net, image, shape), logitsOf(compiled!, image, shape)];
          for (const received of [apart, fused]) expectGolden(received, classes, logits, largest);
          expect(relativeError(fused, apart)).toBeLessThanOrEqual(PARITY);
          const { length, largest: scale, first } = features!;
          for (const each of [net, compiled!])
            expectGolden(logitsOf(featuresOf(each), image, shape), length, first, scale);
        }
        net!.dispose();
        compiled!.dispose();
      });

    if (definition.auxiliaryHeads.length > 0)
      it('answers with its auxiliary heads as PyTorch does', async () => {
        const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;
        for (const { height, width, largest, logits, auxiliary } of golden.cases) {
          const shape: InputSize = [height, width, channels];
          const net = (definition as ModelDefinition<WithAuxHeads>)({ inputShape: shape, auxHeads: true });
          await loadStateDict(net, syntheticCheckpoint(await stateDict(net), golden.seed));
          const compiled = await compile(net);
          const outputs = outputsOf(net, syntheticImage(...shape, golden.seed), shape);
          const fused = outputsOf(compiled, syntheticImage(...shape, golden.seed), shape);
          net.dispose();
          compiled.dispose();
          for (const [i, output] of outputs.entries())
            expect(relativeError(fused[i]!, output)).toBeLessThanOrEqual(PARITY);
          const expected = [{ largest, logits }, ...auxiliary!];
          expect(outputs.length).toBe(1 + definition.auxiliaryHeads.length);
          for (const [i, output] of outputs.entries())
            for (const [j, logit] of expected[i]!.logits.entries())
              expect(Math.abs(output[j]! - logit) / expected[i]!.largest, `output ${i}`).toBeLessThanOrEqual(PARITY);
        }
      });
  });

  // A variant is a row of data, so the code is tested on variants that are built in a moment.
  const chosen = Object.entries(models).filter(([, each]) => parametersOf(each) < 3e7);

  describe.each(chosen)('%s', (name, anyDefinition) => {
    const definition = anyDefinition as unknown as ModelDefinition;
    const [, , channels] = definition.inputShape;
    const small: InputSize = [...options.small, channels];

    it('with no classes gives what the head sees', async () => {
      const [whole, bare] = [5, 0].map((numClasses) => definition({ inputShape: small, numClasses }));
      expect(whole!.outputShape).toEqual([null, 5]);
      const state = await stateDict(whole!);
      const isHead = (key: string) => key.startsWith(`${definition.head}.`);
      const body = [...state].filter(([key]) => !isHead(key));
      expect(body.length).toBeLessThan(state.size);
      // The load is strict: the bare net has exactly the remaining keys.
      await loadStateDict(bare!, new Map(body));
      const bytes = Uint8Array.from(syntheticImage(...small), (value) => 63 * (value + 2));
      const pixels = tf.tensor3d(bytes, small, 'int32');
      const classifier = new Classifier({
        model: whole!,
        categories: null,
        preprocessing: straight(small),
      });
      const embedded = await classifier.embed(pixels);
      tf.tidy(() => {
        const features = bare!.apply(tf.expandDims(tf.div(pixels, 255))) as tf.Tensor;
        expectClose(features, { shape: [1, embedded.length], data: embedded }, 1e-6);
      });
      tf.dispose([pixels]);
      whole!.dispose();
      bare!.dispose();
    });

    it('comes back from a file as it was', async () => {
      const net = definition({ inputShape: small, numClasses: 3 });
      const image = syntheticImage(...small);
      const logits = logitsOf(net, image, small);
      const preprocessing = straight(small);
      await new Classifier({ model: net, preprocessing, categories: ['a', 'b', 'c'] }).save(join(directory, name));
      net.dispose();
      const loaded = await load(join(directory, name));
      expect(logitsOf(loaded.model, image, small)).toEqual(logits);
      loaded.dispose();
    });

    it('repeats its initial values by the seed, and every weight gets a gradient', async () => {
      const net = definition({ inputShape: small, numClasses: 3, seed: 7 });
      const same = definition({ inputShape: small, numClasses: 3, seed: 7 });
      const state = await stateDict(same);
      for (const [key, { data }] of await stateDict(net))
        expect(Buffer.compare(bytesOf(data), bytesOf(state.get(key)!.data)), key).toBe(0);
      same.dispose();
      const image = syntheticImage(...small);
      tf.tidy(() => {
        const one = tf.tensor4d(image, [1, ...small]);
        const x = tf.concat([one, tf.reverse(one, [1])]);
        const variables = net.trainableWeights.map((weight) => weight.read() as tf.Variable);
        const { grads } = tf.variableGrads(() => {
          const logits = net.apply(x, { training: true }) as tf.Tensor2D;
          return tf.losses.softmaxCrossEntropy(tf.oneHot([0, 2], 3), logits) as tf.Scalar;
        }, variables);
        for (const { name: variable } of variables) {
          const gradient = grads[variable];
          expect(gradient, variable).toBeDefined();
          const largest = tf.max(tf.abs(gradient!)).dataSync()[0]!;
          expect(Number.isFinite(largest) && largest > 0, `${variable}: max|gradient| is ${largest}`).toBe(true);
        }
      });
      net.dispose();
    });
  });
}
