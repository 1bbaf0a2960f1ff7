import type { Engine, Pointer } from '../engine/index.js';
import { floatsOf, type Geometry, inputShape, outputShape } from './geometry.js';
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

/** Returns the number of floats of a filter packed for the input's gradient. */
export function packedGradientFloats(geometry: Geometry): number {
  const { g, reached } = planOf(geometry);
  return reached.reduce((sum, { rows, columns }) => sum + g.groups * panelFloats(phasePanels(g, rows, columns)), 0);
}

/** Packs a filter [kh, kw, c / groups, o] for `inputGradient`, one phase after the other. */
export function packGradientFilter(engine: Engine, geometry: Geometry, filter: Float32Array, into: Pointer): void {
  const { g, reached } = planOf(geometry);
  const source = engine.put(mergeFilter(geometry, geometry.groups / g.groups, filter));
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
  const { g, rowPhases, columnPhases, reached } = planOf(geometry);
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
