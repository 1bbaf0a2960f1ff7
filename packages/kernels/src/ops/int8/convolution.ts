import { Int8ConvolveField } from '../../../assembly/int8-fields.js';
import { Op } from '../../../assembly/ops.js';
import { type Engine, fields, type Pointer } from '../../engine/index.js';
import { KernelError } from '../../errors.js';
import { type Geometry, inputShape, PANEL, panelsOf } from '../geometry.js';
import { merge, mergedByOutput, mergeFilter } from '../groups.js';
import { divide } from '../product.js';
import { columnStep, type Epilogue, epilogueWords } from './epilogue.js';
import { checkMap, checkSameShape, type Dispatch, INT16, type Int16Map } from './map.js';

/** Bytes of a pair's row in a panel: 16 columns of two int8. */
const PAIR_ROW = 2 * PANEL;
/** Most runs of a window, whose table is part of the descriptor. */
const MOST_RUNS = 200;
/** Most products of a sum, so that int32 holds it: 66,000 * 255 * 127 < 2^31. */
const MOST_TERMS = 66_000;

/** Distance of a second weight that does not exist. */
const NONE = -1;

/** Runs of a window: its rows if they are contiguous in memory, else its taps. */
interface Runs {
  readonly count: number;
  /** Values of a run. */
  readonly length: number;
  readonly pairs: number;
  readonly areRows: boolean;
}

function runsOf(g: Geometry, pixelStep: number): Runs {
  const perTap = g.inChannels / g.groups;
  const areRows = g.groups === 1 && g.dilationWidth === 1 && pixelStep === g.inChannels;
  const length = areRows ? g.kernelWidth * perTap : perTap;
  return {
    count: areRows ? g.kernelHeight : g.kernelHeight * g.kernelWidth,
    length,
    pairs: Math.ceil(length / 2),
    areRows,
  };
}

const planeBytes = (g: Geometry, { count, pairs }: Runs): number =>
  panelsOf(g.outChannels / g.groups) * count * pairs * PAIR_ROW;

/** Merges small groups and checks that the kernel takes the geometry. */
function accepted(geometry: Geometry, pixelStep: number): { g: Geometry; runs: Runs } {
  const g = merge(geometry, mergedByOutput(geometry));
  const runs = runsOf(g, pixelStep);
  if (runs.count > MOST_RUNS)
    throw new KernelError(
      `An int8 convolution takes kernels of at most ${MOST_RUNS} taps, not ${runs.count}. Leave the layer in float32.`,
    );
  if (runs.count * runs.length > MOST_TERMS)
    throw new KernelError(
      `An int8 convolution sums at most ${MOST_TERMS} products, not ${runs.count * runs.length}: int32 would overflow. ` +
        'Leave the layer in float32.',
    );
  return { g, runs };
}

/**
 * Returns the number of bytes of a filter that `packInt8Filter` packs.
 *
 * @param pixelStep the input map's
 */
export function packedInt8Bytes(geometry: Geometry, pixelStep: number): number {
  const { g, runs } = accepted(geometry, pixelStep);
  return g.groups * planeBytes(g, runs);
}

/** Packs a filter [kh, kw, c / groups, o] for `int8Convolution`: panels of int8, which the kernel widens. */
export function packInt8Filter(
  engine: Engine,
  geometry: Geometry,
  pixelStep: number,
  filter: Int8Array,
  into: Pointer,
): void {
  const { g, runs } = accepted(geometry, pixelStep);
  checkFilter(geometry, filter);
  const source = mergeFilter(geometry, geometry.groups / g.groups, filter);
  const target = pairsIn(engine, into, g.groups * planeBytes(g, runs));
  const columns = g.outChannels / g.groups;
  let to = 0;
  for (let plane = 0; plane < g.groups; plane++)
    for (let column = 0; column < columns; column += PANEL)
      for (let run = 0; run < runs.count; run++)
        for (let k = 0; k < runs.length; k += 2, to += PANEL) {
          const from = (run * runs.length + k) * g.outChannels + plane * columns + column;
          const second = k + 1 < runs.length ? g.outChannels : NONE;
          packPairs(source, from, second, Math.min(PANEL, columns - column), target, to);
        }
}

/** Views a block of packed weights as pairs: the first weight in the lower byte. */
function pairsIn(engine: Engine, block: Pointer, bytes: number): Int16Array {
  const { buffer, byteOffset } = engine.view(block, Math.ceil(bytes / 4));
  return new Int16Array(buffer, byteOffset, bytes / 2);
}

/** Writes a row of a panel: pairs of a weight and the one `second` weights after it, which is 0 if there is NONE. */
function packPairs(
  source: Int8Array,
  from: number,
  second: number,
  present: number,
  target: Int16Array,
  to: number,
): void {
  for (let j = 0; j < present; j++) {
    const next = second === NONE ? 0 : source[from + j + second]!;
    target[to + j] = (source[from + j]! & 255) | (next << 8);
  }
  target.fill(0, to + present, to + PANEL);
}

/** Throws if a filter does not have the geometry's number of weights. */
export function checkFilter(g: Geometry, filter: Int8Array): void {
  const size = (g.kernelHeight * g.kernelWidth * g.inChannels * g.outChannels) / g.groups;
  if (filter.length !== size)
    throw new KernelError(`A filter of ${size} weights was expected, not one of ${filter.length}.`);
}

/** Quantized convolution, or linear layer: maps of 1 x 1 pixel. */
export interface Int8Convolution {
  /** Input, surrounded by a border of zeros (`inputPadding` of the geometry). */
  readonly input: Int16Map;
  /** Packed filter. */
  readonly weights: Pointer;
  readonly epilogue: Epilogue;
}

/** Throws if the input is not of the geometry's shape. */
export function checkInput(g: Geometry, input: Int16Map): void {
  checkMap(input, INT16);
  checkSameShape(input, inputShape(g));
}

/**
 * Returns the dispatch of a convolution with a filter of `packInt8Filter`. The sum of a window and the bias must fit into
 * int32.
 */
export function int8Convolution(
  threads: number,
  geometry: Geometry,
  { input, weights, epilogue }: Int8Convolution,
): Dispatch {
  checkInput(geometry, input);
  const { g, runs } = accepted(geometry, input.pixelStep);
  const channels = g.outChannels / g.groups;
  const runTable = Array.from({ length: runs.count }, (_, run) => {
    const [i, j] = runs.areRows ? [run, 0] : [Math.floor(run / g.kernelWidth), run % g.kernelWidth];
    return INT16 * (i * g.dilationHeight * input.rowStep + j * g.dilationWidth * input.pixelStep);
  });
  const positions = g.images * g.outHeight * g.outWidth;
  const panels = panelsOf(channels);
  const [positionsPerTask, panelsPerTask] = divide(positions, panels, g.groups, threads);
  const tasksPerPlane = Math.ceil(positions / positionsPerTask) * Math.ceil(panels / panelsPerTask);
  const own = fields(Int8ConvolveField, {
    input: input.pointer - INT16 * (g.top * input.rowStep + g.left * input.pixelStep),
    images: g.images,
    outRows: g.outHeight,
    outColumns: g.outWidth,
    inputImage: INT16 * input.imageStep,
    inputRow: INT16 * g.strideHeight * input.rowStep,
    inputColumn: INT16 * g.strideWidth * input.pixelStep,
    runs: runs.count,
    pairs: runs.pairs,
    weights,
    positionsPerTask,
    panelsPerTask,
    tasksPerPlane,
    inputPlane: (INT16 * g.inChannels) / g.groups,
    weightsPlane: planeBytes(g, runs),
    outputPlane: (epilogue.to === 'int16' ? 2 : 4) * channels,
    residualPlane: INT16 * channels,
    columnPlane: 4 * columnStep(g),
    runTable: 0,
  }).slice(0, Int8ConvolveField.runTable);
  return {
    op: Op.Int8Convolve,
    tasks: g.groups * tasksPerPlane,
    words: [...epilogueWords(g, epilogue), ...own, ...runTable],
  };
}
