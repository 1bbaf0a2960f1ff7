import type { Engine, Pointer } from '../engine/index.js';
import { PANEL } from './geometry.js';
import { putBias } from './padded.js';
import { type Activation, convolveTransposed, convolveWindows, packPanels, panelFloats } from './product.js';

/**
 * Geometry of a product of batches of matrices, [rows, terms] x [terms, columns]. Either operand may be transposed in
 * memory.
 */
export interface MatMulGeometry {
  /** Number of matrices of the result. */
  readonly batch: number;
  readonly rows: number;
  readonly terms: number;
  readonly columns: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** True if one left (or right) matrix serves the whole batch. */
  readonly sharedA: boolean;
  readonly sharedB: boolean;
}

const panelsOfB = ({ batch, terms, columns, transposeB, sharedB }: MatMulGeometry) => ({
  planes: sharedB ? 1 : batch,
  taps: [0],
  rows: terms,
  columns,
  rowStep: transposeB ? 1 : columns,
  columnStep: transposeB ? terms : 1,
  planeStep: terms * columns,
});

/** Returns the number of floats of the packed right matrices. */
export const packedMatrixFloats = (g: MatMulGeometry): number => panelsOfB(g).planes * panelFloats(panelsOfB(g));

/** Floats of a large matrix to copy in at a time, because there is no room for all of it beside its packed form. */
const PIECE = 1 << 21;

/** Packs the right matrices for `matMul`. */
export function packMatrix(engine: Engine, g: MatMulGeometry, b: Float32Array, into: Pointer): void {
  const panels = panelsOfB(g);
  if (panels.planes > 1 || b.length <= PIECE) {
    packPanels(engine, engine.put(b), into, panels);
    return;
  }
  const { terms, columns, transposeB } = g;
  // Rows of the matrix in memory: its terms or, transposed, its columns. Whole panels are packed at a time.
  const [rows, length] = transposeB ? [columns, terms] : [terms, columns];
  const most = PANEL * Math.max(1, Math.floor(PIECE / length / PANEL));
  const source = engine.alloc(most * length);
  for (let row = 0; row < rows; row += most) {
    const count = Math.min(most, rows - row);
    engine.view(source, count * length).set(b.subarray(row * length, (row + count) * length));
    const piece = transposeB ? { columns: count } : { rows: count };
    packPanels(engine, source, into + 4 * row * (transposeB ? terms : PANEL), { ...panels, ...piece, allRows: terms });
  }
}

/** Returns true if the product is of the kind that filter gradients are, which needs no packed matrix. */
export const isTransposedProduct = (g: MatMulGeometry): boolean => g.transposeA && !g.transposeB;

/** Computes a^T b of a [batch, terms, rows] and b [batch, terms, columns], giving [batch, rows, columns]. */
export function matMulTransposed(engine: Engine, g: MatMulGeometry, a: Float32Array, b: Float32Array): Pointer {
  const { batch, rows, terms, columns } = g;
  const input = engine.put(a);
  const gradient = engine.put(b);
  const output = engine.alloc(batch * rows * columns);
  convolveTransposed(engine, {
    windows: {
      input,
      images: 1,
      outHeight: 1,
      outWidth: terms,
      inputImage: 0,
      inputRow: 0,
      inputColumn: rows,
      runs: [0],
      runLength: rows,
    },
    gradient,
    gradientPosition: columns,
    channels: columns,
    output,
    outputRow: columns,
    planes: batch,
    planeSteps: {
      input: g.sharedA ? 0 : terms * rows,
      gradient: g.sharedB ? 0 : terms * columns,
      output: rows * columns,
    },
  });
  return output;
}

/**
 * Computes activation(a b + bias), [batch, rows, columns].
 *
 * @param b the right matrices, packed by `packMatrix`
 * @param bias [columns]
 */
export function matMul(
  engine: Engine,
  g: MatMulGeometry,
  a: Float32Array,
  b: Pointer,
  bias: Float32Array | undefined,
  activation: Activation,
): Pointer {
  const { batch, rows, terms, columns, transposeA } = g;
  const input = engine.put(a);
  const output = engine.alloc(batch * rows * columns);
  convolveWindows(engine, {
    windows: {
      input,
      images: 1,
      outHeight: 1,
      outWidth: rows,
      inputImage: 0,
      inputRow: 0,
      inputColumn: transposeA ? 1 : terms,
      // The values of a transposed matrix's row are not contiguous: each is a run of its own.
      runs: transposeA ? Array.from({ length: terms }, (_, k) => k * rows) : [0],
      runLength: transposeA ? 1 : terms,
    },
    weights: b,
    channels: columns,
    output,
    outputImage: 0,
    outputRow: 0,
    outputColumn: columns,
    bias: bias && putBias(engine, bias, 1),
    activation,
    planes: batch,
    planeSteps: {
      input: g.sharedA ? 0 : rows * terms,
      weights: g.sharedB ? 0 : panelFloats(panelsOfB(g)),
      output: rows * columns,
      bias: 0,
    },
  });
  return output;
}
