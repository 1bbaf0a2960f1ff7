import { availableParallelism } from 'node:os';
import { type BackendName, type Classifier, CnnzooError, type Net, useBackend } from '@cnnzoo/core';
import { visibleText } from '@cnnzoo/core/internal/text';
import {
  createSession,
  type EngineName,
  type QuantizedGraph,
  quantize,
  type Session,
  type SessionDtype,
} from '@cnnzoo/deploy';
import { type Column, table } from '@cnnzoo/report';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { writeJson } from '../fault.js';
import { getModel, listModels } from '../models/index.js';
import { openNet } from '../open-net.js';
import { countProgress } from '../progress/index.js';
import { type CommonOptions, type Context, EXIT } from '../terminal/index.js';

/** Engines and backends in the order of the table. tfjs' backend 'cpu' is one of plain JavaScript, for tests. */
const ROWS: readonly { readonly engine: EngineName; readonly dtype: SessionDtype; readonly backend?: BackendName }[] = [
  { engine: 'onnxruntime-node', dtype: 'float32' },
  { engine: 'onnxruntime-node', dtype: 'int8' },
  { engine: 'onnxruntime-web', dtype: 'float32' },
  { engine: 'onnxruntime-web', dtype: 'int8' },
  { engine: 'kernels', dtype: 'float32' },
  { engine: 'kernels', dtype: 'int8' },
  { engine: 'tfjs', dtype: 'float32', backend: 'tfjs-node-gpu' },
  { engine: 'tfjs', dtype: 'float32', backend: 'tfjs-node' },
  { engine: 'tfjs', dtype: 'float32', backend: 'webgpu' },
  { engine: 'tfjs', dtype: 'float32', backend: 'wasm' },
];

const BATCHES = [1, 8] as const;

/** Measurements of each engine and batch, of which the median counts. Odd, so that the median is one of them. */
const ROUNDS = 5;

/** Milliseconds of an engine's first image above which larger batches are left out. */
const SLOW = 3000;

interface Row {
  readonly engine: string;
  /** Milliseconds from the net to the first answer: conversion, loading, and one image. */
  readonly firstAnswerMs: number;
  readonly batches: { readonly batch: number; readonly msPerImage: number; readonly imagesPerSecond: number }[];
}

/** Engine that is measured. */
interface Peer {
  readonly name: string;
  readonly session: Session;
  readonly backend: BackendName | undefined;
  /** Milliseconds of each measurement, by batch. */
  readonly times: Map<number, number[]>;
}

type Shape = readonly [height: number, width: number, channels: number];

/** Returns a net and the shape of its images. Speed does not depend on the weights: a model by its name gets random ones. */
async function netOf(model: string, context: Context): Promise<{ net: Net; shape: Shape; dispose(): void }> {
  if (listModels().includes(model)) {
    const definition = getModel(model);
    const built: LayersModel = definition({ seed: 0 });
    return { net: built, shape: definition.inputShape as Shape, dispose: () => built.dispose() };
  }
  const net: Classifier = await openNet({ model }, context);
  const { crop, channels } = net.preprocessing;
  return { net, shape: [...crop, channels], dispose: () => net.dispose() };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function timeOf(
  { session, backend }: Peer,
  batch: Float32Array,
  [images, height, width, channels]: readonly [number, number, number, number],
): Promise<number> {
  if (backend !== undefined) await useBackend(backend);
  const start = performance.now();
  await session.run(batch, [images, height, width, channels]);
  return performance.now() - start;
}

/** Numbers in the place of images: speed does not depend on them. */
const noise = (images: number, [height, width, channels]: Shape): Float32Array =>
  Float32Array.from({ length: images * height * width * channels }, (_, i) => ((i * 7919) % 255) / 64 - 2);

/** Quantizes the net for its speed alone. Returns the reason instead, if it can't be quantized. */
async function quantized(net: Net, shape: Shape, { signal }: Context): Promise<QuantizedGraph | string> {
  try {
    const { graph } = await quantize(net, { values: noise(2, shape), shape: [2, ...shape] }, { signal });
    return graph;
  } catch (error) {
    if (!(error instanceof CnnzooError) || error.code === 'ABORTED') throw error;
    return error.message.split('\n')[0]!;
  }
}

/** Measures the engines in turn, round after round, so that other load on the machine meets all of them. */
async function measure(peers: readonly Peer[], shape: Shape, context: Context): Promise<void> {
  const progress = countProgress(context.terminal);
  const total = (ROUNDS + 1) * BATCHES.length * peers.length;
  let done = 0;
  const inputs = BATCHES.map((n) => noise(n, shape));
  try {
    // The first round prepares the engines for each batch, and does not count.
    for (let round = 0; round <= ROUNDS; round++)
      for (const [i, n] of BATCHES.entries())
        for (const peer of peers) {
          context.signal.throwIfAborted();
          if (n === 1 || peer.session.times.warmUp < SLOW) {
            const time = await timeOf(peer, inputs[i]!, [n, ...shape]);
            if (round > 0) peer.times.set(n, [...(peer.times.get(n) ?? []), time]);
          }
          progress.count('measuring', ++done, total);
        }
  } finally {
    progress.end();
  }
}

const rowOf = ({ name, session: { times: made }, times }: Peer): Row => ({
  engine: name,
  firstAnswerMs: made.load + made.warmUp,
  batches: [...times].map(([batch, measured]) => {
    const ms = median(measured);
    return { batch, msPerImage: ms / batch, imagesPerSecond: (1000 * batch) / ms };
  }),
});

const shown = (value: number | undefined): string =>
  value === undefined ? '-' : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

function lines(rows: readonly Row[], { terminal: { colors } }: Context): string[] {
  const best = Math.max(...rows.flatMap(({ batches }) => batches.map(({ imagesPerSecond }) => imagesPerSecond)));
  const columns: Column[] = [
    { head: 'engine', paint: colors.bold },
    { head: 'first ms', align: 'right' },
    ...BATCHES.flatMap((batch): Column[] => [
      { head: `batch ${batch}: ms`, align: 'right' },
      { head: 'images/s', align: 'right', paint: (cell) => (cell.trim() === shown(best) ? colors.green(cell) : cell) },
    ]),
  ];
  const cells = rows.map(({ engine, firstAnswerMs, batches }) => [
    engine,
    shown(firstAnswerMs),
    ...BATCHES.flatMap((batch) => {
      const found = batches.find((each) => each.batch === batch);
      return [shown(found?.msPerImage), shown(found?.imagesPerSecond)];
    }),
  ]);
  const legend = colors.dim('first: from the net to its first answer   ms: milliseconds an image');
  return [...table(columns, cells, colors.dim), '', legend];
}

/** Measures a net on each engine of this machine, and prints a table. */
export async function bench(model: string, { json }: CommonOptions, context: Context): Promise<number> {
  await useBackend();
  const { net, shape, dispose } = await netOf(model, context);
  const peers: Peer[] = [];
  const missing: { engine: string; reason: string }[] = [];
  try {
    const graph = await quantized(net, shape, context);
    for (const { engine, dtype, backend } of ROWS) {
      context.signal.throwIfAborted();
      const name = [engine, ...(backend === undefined ? [] : [backend]), dtype].join(', ');
      if (dtype === 'int8' && typeof graph === 'string') {
        missing.push({ engine: name, reason: graph });
        continue;
      }
      try {
        if (backend !== undefined) await useBackend(backend);
        const source = dtype === 'int8' ? (graph as QuantizedGraph) : net;
        peers.push({ name, backend, session: await createSession(source, { engine }), times: new Map() });
      } catch (error) {
        if (!(error instanceof CnnzooError) || error.code !== 'BACKEND') throw error;
        // The lines after the first say how to install the engine.
        missing.push({ engine: name, reason: error.message.split('\n')[0]! });
      }
    }
    await measure(peers, shape, context);
  } finally {
    for (const { session } of peers) await session.dispose();
    dispose();
  }
  const rows = peers.map(rowOf);
  const machine = { node: process.version, threads: availableParallelism() };
  if (json) writeJson(context, { model, input: shape, rounds: ROUNDS, ...machine, engines: rows, missing });
  else {
    const { out, colors } = context.terminal;
    const about = `${model}, ${shape.join(' x ')}, Node ${machine.node.slice(1)}, ${machine.threads} threads: median of ${ROUNDS}`;
    out([colors.bold(visibleText(about)), '', ...lines(rows, context)].join('\n'));
    if (missing.length > 0) out('');
    for (const { engine, reason } of missing)
      out(`${colors.dim('missing')} ${engine}: ${colors.dim(visibleText(reason))}`);
  }
  return EXIT.ok;
}
