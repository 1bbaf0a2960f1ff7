import type { Engine, Pointer } from '../engine/index.js';
import { floatsOf, type Geometry, inputShape, outputShape, panelsOf } from './geometry.js';
import { merge, mergedByInput, mergeFilter } from './groups.js';
import { putPadded } from './padded.js';
import { convolveWindows, packPanels, panelFloats } from './product.js';

/** One axis of a convolution, rows or columns. */
interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

/** Input positions that see the same taps: every `stride`-th one. */
interface Phase {
  readonly phase: number;
  /** Number of positions of the phase. */
  readonly count: number;
  /** Taps that reach the phase, each with the output position that its first input position reads. */
  readonly taps: readonly { readonly tap: number; readonly from: number }[];
}

/**
 * Splits an axis into phases. dx[i] is the sum of dy[(i + before - t dilation) / stride] w[t] over all taps t for which
 * that index is a whole number.
 */
function phasesOf({ size, kernel, stride, dilation, before }: Axis): Phase[] {
  return Array.from({ length: Math.min(stride, size) }, (_, phase) => {
    const taps = [];
    // Taps run backwards, so that memory is read in ascending order.
    for (let tap = kernel - 1; tap >= 0; tap--) {
      const reached = phase + before - tap * dilation;
      if (reached % stride === 0) taps.push({ tap, from: reached / stride });
    }
    return { phase, count: Math.ceil((size - phase) / stride), taps };
  });
}

/** Returns how many positions before the first and after the last one of `size` the phases read. */
function overhang(phases: readonly Phase[], size: number): [number, number] {
  let [before, after] = [0, 0];
  for (const { count, taps } of phases)
    for (const { from } of taps) {
      before = Math.max(before, -from);
      after = Math.max(after, from + count - size);
    }
  return [before, after];
}

/** Describes the packed weights of a phase: rows are output channels of its taps, columns input channels. */
const phasePanels = (g: Geometry, rows: Phase, columns: Phase) => ({
  planes: g.groups,
  taps: rows.taps.flatMap(({ tap: i }) =>
    columns.taps.map(({ tap: j }) => ((i * g.kernelWidth + j) * g.inChannels * g.outChannels) / g.groups),
  ),
  rows: g.outChannels / g.groups,
  columns: g.inChannels / g.groups,
  rowStep: 1,
  columnStep: g.outChannels,
  planeStep: g.outChannels / g.groups,
});

interface Plan {
  readonly g: Geometry;
  readonly rowPhases: readonly Phase[];
  readonly columnPhases: readonly Phase[];
  /** Pairs of phases that at least one tap reaches. */
  readonly reached: readonly { readonly rows: Phase; readonly columns: Phase }[];
}

function planOf(geometry: Geometry): Plan {
  const g = merge(geometry, mergedByInput(geometry));
  const rowPhases = phasesOf({
    size: g.inHeight,
    kernel: g.kernelHeight,
    stride: g.strideHeight,
    dilation: g.dilationHeight,
    before: g.top,
  });
  const columnPhases = phasesOf({
    size: g.inWidth,
    kernel: g.kernelWidth,
    stride: g.strideWidth,
    dilation: g.dilationWidth,
    before: g.left,
  });
  const reached = rowPhases
    .flatMap((rows) => columnPhases.map((columns) => ({ rows, columns })))
    .filter(({ rows, columns }) => rows.taps.length > 0 && columns.taps.length > 0);
  return { g, rowPhases, columnPhases, reached };
}

/**
 * Phases side by side as the columns of one product, so that few input channels do not leave most of a panel empty. Its
 * taps are all output positions that any phase reads; a column is zero at those that its phase does not read.
 */
interface Joined {
  /** Output positions before that of the first input position, or after it, by axis. */
  readonly fromRows: readonly number[];
  readonly fromColumns: readonly number[];
  /** Phases times input channels. */
  readonly columns: number;
}

const fromsOf = (phases: readonly Phase[]): number[] =>
  [...new Set(phases.flatMap(({ taps }) => taps.map(({ from }) => from)))].sort((a, b) => a - b);

/** Returns the joined phases; undefined if they take more products than the phases one by one. */
function joinedOf({ g, rowPhases, columnPhases, reached }: Plan): Joined | undefined {
  if (g.groups > 1 || reached.length === 1) return undefined;
  const [fromRows, fromColumns] = [fromsOf(rowPhases), fromsOf(columnPhases)];
  const columns = rowPhases.length * columnPhases.length * g.inChannels;
  const apart = reached.reduce((sum, { rows, columns }) => sum + rows.taps.length * columns.taps.length, 0);
  const joined = fromRows.length * fromColumns.length * panelsOf(columns);
  return joined < apart * panelsOf(g.inChannels) ? { fromRows, fromColumns, columns } : undefined;
}

const joinedPanels = (g: Geometry, { fromRows, fromColumns, columns }: Joined) => ({
  planes: 1,
  taps: [0],
  rows: fromRows.length * fromColumns.length * g.outChannels,
  columns,
  rowStep: columns,
  columnStep: 1,
  planeStep: 0,
});

/** Returns the filter of joined phases: [taps][output channels][row phase][column phase][input channels]. */
function joinFilter({ g, rowPhases, columnPhases }: Plan, joined: Joined, filter: Float32Array): Float32Array {
  const { inChannels, outChannels, kernelWidth } = g;
  const { fromRows, fromColumns, columns } = joined;
  const result = new Float32Array(fromRows.length * fromColumns.length * outChannels * columns);
  for (const [p, rows] of rowPhases.entries())
    for (const [q, { taps }] of columnPhases.entries())
      for (const { tap: i, from: y } of rows.taps)
        for (const { tap: j, from: x } of taps) {
          const source = (i * kernelWidth + j) * inChannels * outChannels;
          const tap = fromRows.indexOf(y) * fromColumns.length + fromColumns.indexOf(x);
          const target = tap * outChannels * columns + (p * columnPhases.length + q) * inChannels;
          for (let c = 0; c < inChannels; c++)
            for (let o = 0; o < outChannels; o++)
              result[target + o * columns + c] = filter[source + c * outChannels + o]!;
        }
  return result;
}

/** Returns the number of floats of a filter packed for the input's gradient. */
export function packedGradientFloats(geometry: Geometry): number {
  const plan = planOf(geometry);
  const { g, reached } = plan;
  const joined = joinedOf(plan);
  if (joined) return panelFloats(joinedPanels(g, joined));
  return reached.reduce((sum, { rows, columns }) => sum + g.groups * panelFloats(phasePanels(g, rows, columns)), 0);
}

/** Packs a filter [kh, kw, c / groups, o] for `inputGradient`, one phase after the other. */
export function packGradientFilter(engine: Engine, geometry: Geometry, filter: Float32Array, into: Pointer): void {
  const plan = planOf(geometry);
  const { g, reached } = plan;
  const joined = joinedOf(plan);
  const merged = mergeFilter(geometry, geometry.groups / g.groups, filter);
  if (joined) {
    packPanels(engine, engine.put(joinFilter(plan, joined, merged)), into, joinedPanels(g, joined));
    return;
  }
  const source = engine.put(merged);
  let at = into;
  for (const { rows, columns } of reached) {
    const panels = phasePanels(g, rows, columns);
    packPanels(engine, source, at, panels);
    at += 4 * g.groups * panelFloats(panels);
  }
}

/**
 * Computes the gradient of the input: dy [n, outHeight, outWidth, o] to [n, h, w, c].
 *
 * @param weights the filter, packed by `packGradientFilter`
 */
export function inputGradient(engine: Engine, geometry: Geometry, dy: Float32Array, weights: Pointer): Pointer {
  const plan = planOf(geometry);
  const joined = joinedOf(plan);
  return joined ? joinedGradient(engine, plan, joined, dy, weights) : phasedGradient(engine, plan, dy, weights);
}

/** Computes one product, whose results are blocks of stride x stride pixels, and lays their rows in place. */
function joinedGradient(engine: Engine, plan: Plan, joined: Joined, dy: Float32Array, weights: Pointer): Pointer {
  const { g, rowPhases, columnPhases } = plan;
  const { fromRows, fromColumns, columns } = joined;
  const [blockRows, blockColumns] = [rowPhases[0]!.count, columnPhases[0]!.count];
  // Every column reads as many positions as the first phase, which has the most.
  const [top, bottom] = overhang(
    rowPhases.map((phase) => ({ ...phase, count: blockRows })),
    g.outHeight,
  );
  const [left, right] = overhang(
    columnPhases.map((phase) => ({ ...phase, count: blockColumns })),
    g.outWidth,
  );
  const { pointer, image, row, pixel } = putPadded(engine, dy, outputShape(g), { top, bottom, left, right });
  const dx = engine.alloc(floatsOf(inputShape(g)));
  const positions = g.images * blockRows * blockColumns;
  const blocks = engine.alloc(positions * columns);
  const contiguous = fromColumns.at(-1)! - fromColumns[0]! === fromColumns.length - 1;
  const starts = contiguous ? fromColumns.slice(0, 1) : fromColumns;
  convolveWindows(engine, {
    windows: {
      input: pointer,
      images: g.images,
      outHeight: blockRows,
      outWidth: blockColumns,
      inputImage: image,
      inputRow: row,
      inputColumn: pixel,
      runs: fromRows.flatMap((y) => starts.map((x) => (y + top) * row + (x + left) * pixel)),
      runLength: contiguous ? fromColumns.length * g.outChannels : g.outChannels,
    },
    weights,
    channels: columns,
    output: blocks,
    outputImage: blockRows * blockColumns * columns,
    outputRow: blockColumns * columns,
    outputColumn: columns,
    planes: 1,
    planeSteps: { input: 0, weights: 0, output: 0, bias: 0 },
  });
  const [from, to] = [engine.view(blocks, positions * columns), engine.view(dx, floatsOf(inputShape(g)))];
  const inRow = g.inWidth * g.inChannels;
  const blockRow = columnPhases.length * g.inChannels;
  for (let n = 0; n < g.images; n++)
    for (let y = 0; y < g.inHeight; y++) {
      const [i, p] = [Math.floor(y / rowPhases.length), y % rowPhases.length];
      let source = (n * blockRows + i) * blockColumns * columns + p * blockRow;
      let target = (n * g.inHeight + y) * inRow;
      const end = target + inRow;
      // The last block of a row may be wider than what is left of it.
      for (; target < end; source += columns)
        for (let k = 0; k < blockRow && target < end; k++) to[target++] = from[source + k]!;
    }
  return dx;
}

function phasedGradient(engine: Engine, plan: Plan, dy: Float32Array, weights: Pointer): Pointer {
  const { g, rowPhases, columnPhases, reached } = plan;
  const [top, bottom] = overhang(rowPhases, g.outHeight);
  const [left, right] = overhang(columnPhases, g.outWidth);
  const map = putPadded(engine, dy, outputShape(g), { top, bottom, left, right });
  const { row, pixel } = map;
  const perGroup = g.outChannels / g.groups;
  const dx = engine.alloc(floatsOf(inputShape(g)));
  if (reached.length < rowPhases.length * columnPhases.length) engine.view(dx, floatsOf(inputShape(g))).fill(0);
  let packed = weights;
  for (const { rows, columns } of reached) {
    const neighbours = columns.taps.every(({ from }, i) => i === 0 || from === columns.taps[i - 1]!.from + 1);
    const contiguous = g.groups === 1 && neighbours;
    const starts = contiguous ? columns.taps.slice(0, 1) : columns.taps;
    const runs = rows.taps.flatMap(({ from: y }) => starts.map(({ from: x }) => (y + top) * row + (x + left) * pixel));
    const phaseFloats = panelFloats(phasePanels(g, rows, columns));
    convolveWindows(engine, {
      windows: {
        input: map.pointer,
        images: g.images,
        outHeight: rows.count,
        outWidth: columns.count,
        inputImage: map.image,
        inputRow: row,
        inputColumn: pixel,
        runs,
        runLength: contiguous ? columns.taps.length * perGroup : perGroup,
      },
      weights: packed,
      channels: g.inChannels / g.groups,
      output: dx + 4 * (rows.phase * g.inWidth + columns.phase) * g.inChannels,
      outputImage: g.inHeight * g.inWidth * g.inChannels,
      outputRow: g.strideHeight * g.inWidth * g.inChannels,
      outputColumn: g.strideWidth * g.inChannels,
      planes: g.groups,
      planeSteps: { input: perGroup, weights: phaseFloats, output: g.inChannels / g.groups, bias: 0 },
    });
    packed += 4 * g.groups * phaseFloats;
  }
  return dx;
}
