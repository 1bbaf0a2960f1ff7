// Exports opened by programs that have stock packages alone, and no cnnzoo.
import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  adaptiveAvgPool,
  batchNorm,
  buildModel,
  type Classifier,
  concat,
  conv,
  dropout,
  flatten,
  globalAvgPool,
  linear,
  loadStateDict,
  localResponseNorm,
  maxPool,
  type Net,
  padChannels,
  relu,
  residual,
  sameConv,
  seq,
  stateDict,
  useBackend,
} from '@cnnzoo/core';
import { PixelsDataset } from '@cnnzoo/core/data';
import { modelOf } from '@cnnzoo/core/internal';
import { fit, sgd } from '@cnnzoo/core/train';
import { exportGraphModel, exportOnnx } from '@cnnzoo/deploy';
import { resnet20 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, openChromium, openPage, SOFTWARE_GPU } from '../tools/release/chromium.js';
import { type Served, serve } from '../tools/release/serve.js';
import { relativeError } from './close.js';
import { PARITY } from './harness/parity.js';
import { syntheticCheckpoint, uniform } from './harness/synthetic.js';

const programs = fileURLToPath(new URL('consumers', import.meta.url));
// Outside of the workspace, whose packages Node would otherwise find.
const place = mkdtempSync(join(tmpdir(), 'cnnzoo-consumers-'));
afterAll(() => rmSync(place, { recursive: true }));

type Shape = readonly [n: number, height: number, width: number, channels: number];

/** An exported net and its logits. */
interface Case {
  readonly name: string;
  readonly onnx: string;
  readonly graph: string;
  readonly batches: readonly { readonly shape: Shape; readonly images: string; readonly channelsFirst: string }[];
  /** Logits of the net itself, of each batch. */
  readonly expected: readonly Float32Array[];
  /** Largest relative error. */
  readonly bound: number;
}
const cases: Case[] = [];

/** Largest relative error of a net of 20 layers in float16, whose values have 11 significant bits; 5.3e-4 when this was written. */
const HALF = 2e-3;

/** Layers that each have an operator of their own in the exports. */
const ownNet = (): LayersModel =>
  buildModel(
    'own',
    seq([
      sameConv(16, 3, { bias: false }),
      batchNorm(),
      relu,
      localResponseNorm(5),
      residual([sameConv(16, 3, { groups: 4 }), batchNorm()], { project: () => relu }),
      concat([sameConv(8, 1), seq([maxPool(3, 1, 1), conv(8, 1)]), conv(8, 3, { padding: 2, dilation: 2 })]),
      padChannels(28),
      maxPool(3, 2, 0, { ceilMode: true }),
      adaptiveAvgPool(3),
      flatten,
      dropout(0.5),
      linear(9),
      relu,
      linear(5),
    ]),
    [25, 31, 3],
  );

/** Nets in a net, of tf.layers alone. */
function nestedNet(): LayersModel {
  const inner = sequential({
    name: 'inner',
    layers: [
      layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same', inputShape: [24, 32, 3], name: 'conv' }),
      layers.batchNormalization({ name: 'norm' }),
      layers.reLU({ name: 'relu' }),
    ],
  });
  const outer = sequential({ name: 'outer', layers: [inner, layers.maxPooling2d({ poolSize: 2, name: 'pool' })] });
  const net = sequential({
    name: 'nested',
    layers: [outer, layers.flatten({ name: 'list' }), layers.dense({ units: 4, name: 'head' })],
  });
  for (const weight of net.weights) {
    const count = weight.shape.reduce<number>((a, b) => a * b!, 1);
    const [low, high] = weight.originalName.includes('variance') ? [0.5, 1.5] : [-0.2, 0.2];
    tf.tidy(
      () => void weight.write(tf.tensor(uniform(weight.originalName, count, low, high), weight.shape as number[])),
    );
  }
  return net;
}

/** The shipped ResNet-20 with a new head, after two steps of training. */
async function fineTuned(): Promise<Classifier> {
  const net = await resnet20.pretrained({ categories: ['a', 'b', 'c'], seed: 0 });
  const labels = Int32Array.from({ length: 8 }, (_, i) => i % 3);
  const data = new PixelsDataset({
    pixels: uniform('training', 8 * 32 * 32 * 3, -2, 2),
    shape: [32, 32, 3],
    labels,
    categories: ['a', 'b', 'c'],
    mean: [0, 0, 0],
    std: [1, 1, 1],
    normalized: true,
  });
  await fit(net, data, { optimizer: sgd({ lr: 0.01 }), epochs: 1, batchSize: 4 });
  return net;
}

function write(name: string, values: Float32Array): string {
  writeFileSync(join(place, name), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return name;
}

async function addCase(
  net: Net,
  { name, shapes, dtype = 'float32' }: { name: string; shapes: readonly Shape[]; dtype?: 'float32' | 'float16' },
): Promise<void> {
  const model = modelOf(net);
  const [onnx, graph] = [`${name}.onnx`, name];
  await exportOnnx(net, join(place, onnx), { dtype });
  await exportGraphModel(net, join(place, graph), { dtype });
  const expected: Float32Array[] = [];
  const batches = shapes.map((shape, i) => {
    const images = tf.tensor4d(
      uniform(
        `${name}${i}`,
        shape.reduce((a, b) => a * b),
        -2,
        2,
      ),
      [...shape],
    );
    const first = tf.transpose(images, [0, 3, 1, 2]);
    const logits = tf.tidy(() => model.apply(images, { training: false }) as tf.Tensor);
    expected.push(logits.dataSync() as Float32Array);
    const files = [images, first].map((values, j) => write(`${name}-${i}-${j}.bin`, values.dataSync() as Float32Array));
    tf.dispose([images, first, logits]);
    return { shape, images: files[0]!, channelsFirst: files[1]! };
  });
  cases.push({ name, onnx, graph, batches, expected, bound: dtype === 'float32' ? PARITY : HALF });
}

const { resolve } = createRequire(import.meta.url);
const ofCore = createRequire(fileURLToPath(new URL('../packages/core/package.json', import.meta.url)));

/** Returns the folder of a package. */
function folderOf(name: string, from = resolve): string {
  const main = from(name);
  return main.slice(0, main.lastIndexOf(`node_modules/${name}/`) + `node_modules/${name}`.length);
}

/** Makes a folder whose programs find these packages, and none of the workspace. */
function packagesIn(folder: string, packages: Readonly<Record<string, string>>): void {
  for (const [name, target] of Object.entries(packages)) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(target, link, 'junction');
  }
}

const stock: Record<string, string> = Object.fromEntries([
  ...['tfjs-core', 'tfjs-converter', 'tfjs-backend-cpu', 'tfjs-backend-wasm'].map((name) => [
    `@tensorflow/${name}`,
    folderOf(`@tensorflow/${name}`),
  ]),
  ...['tfjs-backend-webgl', 'tfjs-backend-webgpu'].map((name) => [
    `@tensorflow/${name}`,
    folderOf(`@tensorflow/${name}`, ofCore.resolve),
  ]),
  ...['onnxruntime-node', 'onnxruntime-web'].map((name) => [name, folderOf(name)]),
]);

let served: Served;
beforeAll(async () => {
  await useBackend('wasm');
  const any: readonly Shape[] = [
    [1, 32, 32, 3],
    [3, 33, 48, 3],
  ];
  const tuned = await fineTuned();
  await addCase(tuned, { name: 'tuned', shapes: any });
  await addCase(tuned, { name: 'tuned-half', shapes: any, dtype: 'float16' });
  tuned.dispose();
  const own = ownNet();
  await loadStateDict(own, syntheticCheckpoint(await stateDict(own)));
  await addCase(own, { name: 'own', shapes: [1, 3].map((n): Shape => [n, 25, 31, 3]) });
  own.dispose();
  const nested = nestedNet();
  await addCase(nested, { name: 'nested', shapes: [1, 3].map((n): Shape => [n, 24, 32, 3]) });
  nested.dispose();
  const square = buildModel('square', seq([conv(4, 3), relu, globalAvgPool, linear(3)]), [null, null, 1]);
  await addCase(square, {
    name: 'grey',
    shapes: [
      [1, 9, 9, 1],
      [3, 8, 11, 1],
    ],
  });
  square.dispose();
  writeFileSync(join(place, 'cases.json'), JSON.stringify({ cases }));
  packagesIn(place, stock);
  served = await serve(place, false);
});
afterAll(() => served?.close());

/** Expects the answers of another program to be those of the nets. */
function expectAnswers({ name, expected, bound }: Case, answers: readonly (readonly number[])[]): void {
  expect(answers).toHaveLength(expected.length);
  for (const [i, answer] of answers.entries()) {
    expect(relativeError(answer, expected[i]!), `${name}, batch ${i}`).toBeLessThanOrEqual(bound);
  }
}

type Printed = { readonly name: string; readonly answers: readonly (readonly number[])[] };
const linesOf = (stdout: string): Printed[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

/** Runs the program of Node in a folder. */
async function runNode(
  folder: string,
  which: string,
  { address, files }: { address: string; files: string } = { address: served.url, files: place },
): Promise<string> {
  copyFileSync(join(programs, 'node.mjs'), join(folder, 'node.mjs'));
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['node.mjs', which, address, files], {
    cwd: folder,
    env: { ...env, TF_ENABLE_ONEDNN_OPTS: '0', TF_CPP_MIN_LOG_LEVEL: '2' },
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

describe('a program in Node', () => {
  it.each(['onnxruntime-node', 'wasm', 'cpu'])('with %s', async (which) => {
    const printed = linesOf(await runNode(place, which));
    expect(printed.pop()).toEqual({ cnnzoo: 'not found' });
    expect(printed.map(({ name }) => name)).toEqual(cases.map(({ name }) => name));
    for (const [i, { answers }] of printed.entries()) expectAnswers(cases[i]!, answers);
  });

  it('gets an error of TensorFlow.js, and no answer, if a file of weights is missing', async () => {
    const folder = join(place, 'incomplete');
    cpSync(join(place, 'grey'), join(folder, 'grey'), { recursive: true });
    rmSync(join(folder, 'grey', 'weights-001.bin'));
    writeFileSync(join(folder, 'cases.json'), JSON.stringify({ cases: cases.filter(({ name }) => name === 'grey') }));
    const incomplete = await serve(folder, false);
    try {
      await expect(runNode(place, 'cpu', { address: incomplete.url, files: folder })).rejects.toThrow(
        /the tensor should have 36 values but has 0/,
      );
    } finally {
      await incomplete.close();
    }
  });

  const native = process.env.CNNZOO_TFJS_NODE;
  it('with tfjs-node', async (context) => {
    if (!native) return context.skip('CNNZOO_TFJS_NODE names no directory with a tfjs-node');
    const folder = join(place, 'native');
    mkdirSync(folder);
    symlinkSync(join(native, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const printed = linesOf(await runNode(folder, 'tfjs-node'));
    expect(printed.pop()).toEqual({ cnnzoo: 'not found' });
    for (const [i, { answers }] of printed.entries()) expectAnswers(cases[i]!, answers);
    expect(printed).toHaveLength(cases.length);
  });
});

const python = process.env.PYTHON ?? 'python3';

it('a program in Python, and the full check of ONNX', async (context) => {
  if (spawnSync(python, ['-c', 'import onnx, onnxruntime'], { stdio: 'ignore' }).status !== 0)
    return context.skip(`'${python}' has no onnx and onnxruntime; PYTHON names another interpreter`);
  const { stdout } = await promisify(execFile)(python, [join(programs, 'program.py'), place], {
    cwd: place,
    maxBuffer: 2 ** 26,
  });
  const printed = linesOf(stdout);
  expect(printed.map(({ name }) => name)).toEqual(cases.map(({ name }) => name));
  for (const [i, { answers }] of printed.entries()) expectAnswers(cases[i]!, answers);
});

interface Consumer {
  graphModel(backend: string, each: Omit<Case, 'expected'>): Promise<number[][] | null>;
  onnx(each: Omit<Case, 'expected'>): Promise<number[][]>;
}

describe.skipIf(!findChromium())('a page (needs Chromium)', () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    copyFileSync(join(programs, 'page.js'), join(place, 'page.js'));
    for (const [name, folder] of [
      ['tfjs', join(stock['@tensorflow/tfjs-backend-wasm']!, 'dist')],
      ['onnxruntime', join(stock['onnxruntime-web']!, 'dist')],
    ] as const)
      symlinkSync(folder, join(place, name), 'junction');
    writeFileSync(
      join(place, 'index.html'),
      '<!doctype html><link rel="icon" href="data:," /><script type="module" src="/bundle.js"></script>',
    );
    const { metafile } = await build({
      entryPoints: [join(place, 'page.js')],
      outfile: join(place, 'bundle.js'),
      bundle: true,
      format: 'esm',
      metafile: true,
      logLevel: 'error',
      tsconfigRaw: '{}',
      external: ['fs', 'path', 'util', 'worker_threads', 'perf_hooks', 'os', 'string_decoder', 'crypto'],
    });
    expect(
      Object.keys(metafile.inputs).filter((path) => /cnnzoo\/|packages\/(core|kernels|deploy)/.test(path)),
    ).toEqual([]);
    browser = (await openChromium(SOFTWARE_GPU))!;
    page = await openPage(browser);
    page.on('pageerror', (error) => void complaints.push(String(error)));
    await page.goto(served.url);
    await page.waitForFunction('globalThis.page').catch((cause: unknown) => {
      throw new Error(complaints.join('\n') || 'the page has no program', { cause });
    });
  });
  afterAll(() => browser?.close());

  const run = <Name extends keyof Consumer>(name: Name, ...args: unknown[]) =>
    page.evaluate(
      ([name, args]) =>
        (globalThis as unknown as { page: Record<string, (...args: unknown[]) => unknown> }).page[name]!(...args),
      [name, args] as const,
    ) as ReturnType<Consumer[Name]>;
  const given = ({ onnx, graph, batches }: Case) => ({ onnx, graph, batches });

  it.each(['cpu', 'wasm'])('with TensorFlow.js on %s', async (backend) => {
    for (const each of cases) expectAnswers(each, (await run('graphModel', backend, given(each)))!);
  });

  it('with onnxruntime-web', async () => {
    for (const each of cases) expectAnswers(each, await run('onnx', given(each)));
  });

  // A GPU in software takes long for each operator, so that the large net has one image. Weights are float32 once they are loaded.
  it.for(['webgl', 'webgpu'])('with TensorFlow.js on %s', async (backend, context) => {
    for (const each of cases.filter(({ name }) => name !== 'tuned-half')) {
      const count = each.name === 'tuned' && process.env.CNNZOO_SLOW !== '1' ? 1 : each.batches.length;
      const [batches, expected] = [each.batches.slice(0, count), each.expected.slice(0, count)];
      const answers = await run('graphModel', backend, { ...given(each), batches });
      if (!answers) return context.skip(`the browser has no ${backend}`);
      expectAnswers({ ...each, expected }, answers);
    }
  });
});
