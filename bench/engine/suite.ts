import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPage } from '../../tools/release/browser.js';
import { chromiumVersion, Lacking, nodeProgram, versionOf } from '../harness/peers.js';
import { bench, nodeScript, run } from '../harness/process.js';
import { figureRatio, type Peer, type Ratio, type Suite, timeRatio } from '../harness/suite.js';

const MODELS = ['resnet18', 'resnet50', 'vgg16', 'googlenet', 'nin'] as const;
const DTYPES = ['float32', 'int8'] as const;
const RUNTIMES = ['onnxruntime-web', 'onnxruntime-node'] as const;
/** Versions of Node besides the one that runs this. */
const NODES = [22, 24] as const;
/** Nets that Chromium computes too. */
const IN_CHROMIUM = ['resnet18', 'resnet50'] as const;
const THREADS = availableParallelism();

type Dtype = (typeof DTYPES)[number];

/** A version of Node besides the one that runs this, or a page. */
type Place = number | 'Chromium' | undefined;

const on = (place: Place): string => (place ? `, ${place === 'Chromium' ? place : `Node ${place}`}` : '');
const ours = (model: string, dtype: Dtype, place?: Place) => `${model}${on(place)}: kernels, ${dtype}`;
const alone = (model: string, dtype: Dtype) => `${model}: kernels, ${dtype}, 1 thread`;
const theirs = (model: string, engine: string, dtype: Dtype, place?: Place) =>
  `${model}${on(place)}: ${engine}, ${dtype}`;
const layers = (model: string) => `${model}: tf.layers on the kernels`;
const stock = (model: string) => `${model}: tf.layers on tfjs' wasm backend`;

/** Goals of the ratios to onnxruntime-web on Node 24. */
const GOALS: Readonly<Record<string, number>> = { resnet18: 0.5, resnet50: 0.5, vgg16: 0.4 };

/** Measures the engine of @cnnzoo/kernels against onnxruntime on the same graphs. See README.md. */
export async function engineSuite(): Promise<Suite> {
  const directory = await mkdtemp(join(tmpdir(), 'cnnzoo-bench-'));
  const close = () => rm(directory, { recursive: true, force: true });
  try {
    const skipped: string[] = [];
    const chromium = await writePage(directory);
    return {
      title: 'Engine',
      notes: [
        `Images of 224 px, random weights, ${THREADS} threads where nothing else is said. ms: the least of up to 20 inferences of one image.`,
        'kernels: createSession of @cnnzoo/deploy. onnxruntime: the file that exportOnnx wrote of the same graph; int8 as QDQ.',
        'first: from the opened runtime to the first answer, with the reading of the file. 8 images: the least time of a batch of eight.',
        `${['onnxruntime-node', 'onnxruntime-web', '@tensorflow/tfjs-core'].map((name) => `${name} ${versionOf(name)}`).join(', ')}.`,
        ...(chromium instanceof Lacking
          ? []
          : [
              `${chromium}: an isolated page, files from a server of this machine; peak MiB of the page's process, cpu ms of all.`,
            ]),
      ],
      peers: [...(await peers(directory, skipped)), ...(await pagePeers(directory, chromium, skipped))],
      ratios: ratios(),
      skipped,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function ratios(): Ratio[] {
  const both = (a: string, b: string) => [timeRatio(a, b), figureRatio('8 images', a, b)];
  return [
    ...MODELS.flatMap((model) => [
      ...DTYPES.flatMap((dtype) =>
        RUNTIMES.flatMap((engine) => both(ours(model, dtype), theirs(model, engine, dtype))),
      ),
      timeRatio(ours(model, 'int8'), ours(model, 'float32')),
    ]),
    ...NODES.flatMap((node) =>
      MODELS.flatMap((model) => [
        timeRatio(
          ours(model, 'float32', node),
          theirs(model, 'onnxruntime-web', 'float32', node),
          node === 24 ? GOALS[model] : undefined,
        ),
        timeRatio(
          ours(model, 'int8', node),
          theirs(model, 'onnxruntime-web', 'int8', node),
          model === 'resnet50' ? 0.9 : undefined,
        ),
        timeRatio(ours(model, 'int8', node), ours(model, 'float32', node), node === 24 ? 0.75 : undefined),
      ]),
    ),
    ...IN_CHROMIUM.flatMap((model) => [
      ...DTYPES.flatMap((dtype) =>
        both(ours(model, dtype, 'Chromium'), theirs(model, 'onnxruntime-web', dtype, 'Chromium')),
      ),
      timeRatio(ours(model, 'int8', 'Chromium'), ours(model, 'float32', 'Chromium')),
    ]),
    timeRatio(ours('resnet50', 'float32'), alone('resnet50', 'float32')),
    timeRatio(ours('resnet50', 'int8'), alone('resnet50', 'int8')),
    timeRatio(ours('resnet50', 'float32'), layers('resnet50')),
    timeRatio(ours('resnet50', 'float32'), stock('resnet50')),
  ];
}

/** Returns the available peers. `skipped` receives the reasons for the others. */
async function peers(directory: string, skipped: string[]): Promise<Peer[]> {
  const all: Peer[] = [];
  const folderOf = (model: string): string => join(directory, model);
  const graph = (model: string, dtype: Dtype, threads: number) =>
    nodeScript('engine/session.ts', [join(folderOf(model), `${dtype}.safetensors`), String(threads)]);
  const runtime = (model: string, dtype: Dtype, engine: string) =>
    nodeScript('deploy/plain.ts', [join(folderOf(model), `${dtype}.onnx`), engine, String(THREADS)]);
  for (const model of MODELS) {
    await mkdir(folderOf(model));
    await run(await nodeScript('engine/prepare.ts', [model, folderOf(model)]));
    for (const dtype of DTYPES) {
      all.push({ name: ours(model, dtype), command: await graph(model, dtype, THREADS) });
      if (model === 'resnet50') all.push({ name: alone(model, dtype), command: await graph(model, dtype, 1) });
      for (const engine of RUNTIMES)
        all.push({ name: theirs(model, engine, dtype), command: await runtime(model, dtype, engine) });
    }
  }
  all.push({ name: layers('resnet50'), command: await nodeScript('engine/layers.ts', ['resnet50']) });
  all.push({ name: stock('resnet50'), command: await nodeScript('deploy/stock.ts', ['resnet50']) });
  for (const node of NODES) {
    const program = await nodeProgram(node);
    if (program instanceof Lacking) {
      skipped.push(`Node ${node}: ${program.message}`);
      continue;
    }
    for (const model of ['resnet18', 'resnet50', 'vgg16'] as const)
      for (const dtype of DTYPES)
        all.push(
          { name: ours(model, dtype, node), command: { ...(await graph(model, dtype, THREADS)), program } },
          {
            name: theirs(model, 'onnxruntime-web', dtype, node),
            command: { ...(await runtime(model, dtype, 'onnxruntime-web')), program },
          },
        );
  }
  return all;
}

/** Writes the page for Chromium, and onnxruntime-web, into the empty `directory`. Returns Chromium's version. */
async function writePage(directory: string): Promise<string | Lacking> {
  const version = await chromiumVersion();
  if (version instanceof Lacking) return version;
  await buildPage(join(bench, 'engine', 'page'), directory);
  const onnxruntime = join(bench, '..', 'node_modules', 'onnxruntime-web', 'dist');
  for (const name of ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'])
    await cp(join(onnxruntime, name), join(directory, 'onnxruntime', name));
  return version;
}

/** Returns the peers in Chromium, on the nets that `peers` wrote. */
async function pagePeers(directory: string, chromium: string | Lacking, skipped: string[]): Promise<Peer[]> {
  if (chromium instanceof Lacking) {
    skipped.push(chromium.message);
    return [];
  }
  const all: Peer[] = [];
  for (const model of IN_CHROMIUM)
    for (const dtype of DTYPES) {
      const command = (engine: string) =>
        nodeScript('engine/chromium.ts', [directory, model, dtype, engine, String(THREADS)]);
      all.push(
        { name: ours(model, dtype, 'Chromium'), command: await command('kernels') },
        { name: theirs(model, 'onnxruntime-web', dtype, 'Chromium'), command: await command('onnxruntime-web') },
      );
    }
  return all;
}
