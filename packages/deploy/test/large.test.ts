// Exports of the variants that the other tests leave out for their size, a quarter of an hour and 4 GB of memory: CNNZOO_LARGE=1. The slow
// run (CNNZOO_SLOW=1) takes one of each family.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadStateDict, type ModelDefinition, stateDict, useBackend } from '@cnnzoo/core';
import { models as resnet } from '@cnnzoo/resnet';
import { models as vgg } from '@cnnzoo/vgg';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logitsOf, PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';
import { exportGraphModel, exportOnnx } from '../src/index.js';
import { openGraphModel, runGraphModel } from './graph-model-files.js';
import { channelsFirst } from './onnx-runtime.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-large-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('wasm');
});

const isAll = process.env.CNNZOO_LARGE === '1';
const variants = Object.entries({ ...vgg, ...resnet } as unknown as Record<string, ModelDefinition>).filter(
  ([name, { weights }]) =>
    (weights.DEFAULT?.parameters ?? 0) >= 3e7 && (isAll || ['vgg16', 'resnet101'].includes(name)),
);

/** Sizes of images. A net whose layers take any size is built for the first and exported once. */
const SIZES = [
  [64, 64],
  [65, 97],
] as const;

const kibibytes = (field: 'VmHWM' | 'VmRSS'): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))![1]);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Runs some work. Returns how many bytes the process' memory grew at most; undefined on systems other than Linux. */
async function growthOf(work: () => Promise<void>): Promise<number | undefined> {
  if (process.platform !== 'linux') return void (await work());
  collectGarbage();
  // Sets the peak back to the present size.
  writeFileSync('/proc/self/clear_refs', '5');
  const before = kibibytes('VmRSS');
  await work();
  return (kibibytes('VmHWM') - before) * 1024;
}

const bytesIn = (path: string): number =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
    : statSync(path).size;

/** Sizes that one export is for, each with its image and the net's logits. */
interface Case {
  readonly shape: readonly [1, number, number, number];
  readonly image: Float32Array;
  readonly expected: Float32Array;
}

async function build(definition: ModelDefinition, [height, width]: readonly [number, number]): Promise<LayersModel> {
  const net = definition({ inputShape: [height, width, 3] });
  await loadStateDict(net, syntheticCheckpoint(await stateDict(net)));
  return net;
}

function caseOf(net: LayersModel, [height, width]: readonly [number, number]): Case {
  const image = syntheticImage(height, width, 3);
  return { shape: [1, height, width, 3], image, expected: logitsOf(net, image, [height, width, 3]) };
}

async function checkOnnx(path: string, cases: readonly Case[]): Promise<number[]> {
  const session = await InferenceSession.create(path);
  const errors: number[] = [];
  for (const { shape, image, expected } of cases) {
    const [n, h, w, c] = shape;
    const { logits } = await session.run({ images: new Tensor('float32', channelsFirst(image, shape), [n, c, h, w]) });
    errors.push(relativeError(logits!.data as Float32Array, expected));
  }
  await session.release();
  return errors;
}

async function checkGraphModel(path: string, cases: readonly Case[]): Promise<number[]> {
  const graph = await openGraphModel(path);
  const errors = cases.map(({ shape, image, expected }) =>
    relativeError(runGraphModel(graph, image, shape)[0]!, expected),
  );
  graph.dispose();
  return errors;
}

describe.runIf(isAll || process.env.CNNZOO_SLOW === '1')(
  'large variants (CNNZOO_SLOW=1, or CNNZOO_LARGE=1 for all)',
  () => {
    it.each(variants)(
      '%s answers in onnxruntime and as a GraphModel, and is written in pieces',
      async (name, definition) => {
        // An adaptive pool to 7 x 7 pixels is computed for one size.
        const groups = name.startsWith('vgg') ? SIZES.map((size) => [size]) : [SIZES];
        const errors: number[] = [];
        const growth: string[] = [];
        for (const [i, sizes] of groups.entries()) {
          const net = await build(definition, sizes[0]!);
          const other = sizes[1] && (await build(definition, sizes[1]));
          const cases = sizes.map((size, j) => caseOf(j === 0 ? net : other!, size));
          other?.dispose();
          const [file, folder] = [join(directory, `${name}-${i}.onnx`), join(directory, `${name}-${i}`)];
          const peaks = [
            await growthOf(() => exportOnnx(net, file)),
            await growthOf(() => exportGraphModel(net, folder)),
          ];
          net.dispose();
          for (const [j, peak] of peaks.entries()) {
            if (peak === undefined) continue;
            const bytes = bytesIn([file, folder][j]!);
            growth.push(`${Math.round(peak / 2 ** 20)} of ${Math.round(bytes / 2 ** 20)} MiB`);
            // Beside the net, its weights are never all in memory again. Those that a BatchNorm is folded into leave garbage, which Node
            // collects when it likes: their growth is printed only.
            if (/^vgg\d+$/.test(name)) expect(peak, `${name}: growth`).toBeLessThan(bytes);
          }
          errors.push(...(await checkOnnx(file, cases)));
          rmSync(file);
          errors.push(...(await checkGraphModel(folder, cases)));
          rmSync(folder, { recursive: true });
        }
        console.log(
          `${name}: errors ${errors.map((error) => error.toExponential(1)).join(', ')}; growth ${growth.join(', ')}`,
        );
        for (const error of errors) expect(error).toBeLessThanOrEqual(PARITY);
      },
    );
  },
);
