import { Activation, ConvolveField, FilterGradientField, PanelField } from '../../assembly/convolution-fields.js';
import { Op } from '../../assembly/ops.js';
import { type Engine, fields, type Pointer } from '../engine/index.js';
import { PANEL, panelsOf } from './geometry.js';

export { Activation } from '../../assembly/convolution-fields.js';

/*
 * The three dispatches from which all convolutions and matrix products are built. Distances are in floats.
 * assembly/convolution-fields.ts defines runs, panels and planes.
 */

/** Windows of the output positions in an input that includes its padding. */
export interface Windows {
  readonly input: Pointer;
  readonly images: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly inputImage: number;
  readonly inputRow: number;
  readonly inputColumn: number;
  /** Distances from a window's first float to each of its runs. */
  readonly runs: readonly number[];
  readonly runLength: number;
}

/** Independent products in one dispatch, and the distance from one product's operand to the next. */
interface Planes<Operand extends string> {
  readonly planes: number;
  readonly planeSteps: Readonly<Record<Operand, number>>;
}

/** Least tasks a thread, so that the threads finish at about the same time. */
const TASKS = 4;

export interface Panels {
  readonly planes: number;
  /** Distances to the taps in the source. Their rows follow each other in a panel. */
  readonly taps: readonly number[];
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
  readonly columnStep: number;
  readonly planeStep: number;
  /** Rows of the target panels, if they have more than this call packs. */
  readonly allRows?: number;
}

/** Returns the number of floats of one plane of packed panels. */
export const panelFloats = ({ taps, rows, columns }: Pick<Panels, 'taps' | 'rows' | 'columns'>): number =>
  panelsOf(columns) * PANEL * taps.length * rows;

export function packPanels(engine: Engine, source: Pointer, into: Pointer, panels: Panels): void {
  const tapTable = engine.putWords(panels.taps.map((tap) => 4 * tap));
  engine.dispatch(
    Op.PackPanels,
    panels.planes * panelsOf(panels.columns),
    fields(PanelField, {
      source,
      output: into,
      outputPanel: 4 * PANEL * (panels.allRows ?? panels.taps.length * panels.rows),
      tapTable,
      taps: panels.taps.length,
      rows: panels.rows,
      columns: panels.columns,
      rowStep: 4 * panels.rowStep,
      columnStep: 4 * panels.columnStep,
      planeStep: 4 * panels.planeStep,
    }),
  );
}

export interface Product extends Planes<'input' | 'weights' | 'output' | 'bias'> {
  readonly windows: Windows;
  /** Address of the packed panels. */
  readonly weights: Pointer;
  readonly channels: number;
  readonly output: Pointer;
  readonly outputImage: number;
  readonly outputRow: number;
  readonly outputColumn: number;
  /** Address of as many values as the panels have columns, or 0. */
  readonly bias?: Pointer;
  readonly activation?: Activation;
  /** True to add to the values that the output holds, before the activation. */
  readonly accumulate?: boolean;
}

/** Divides the positions and panels of a plane into tasks: enough of them, each of blocks that fit into the cache. */
export function divide(positions: number, panels: number, planes: number, threads: number): [number, number] {
  const enough = threads === 1 ? 1 : TASKS * threads;
  let perTask = Math.min(128, positions);
  let panelsPerTask = panels;
  const tasks = () => planes * Math.ceil(positions / perTask) * Math.ceil(panels / panelsPerTask);
  while (tasks() < enough && panelsPerTask > 4) panelsPerTask = Math.ceil(panelsPerTask / 2);
  while (tasks() < enough && perTask > 32) perTask = 2 * Math.ceil(perTask / 4);
  return [perTask, panelsPerTask];
}

/** Computes output[plane][position][channel] = activation(windows x weights + bias). */
export function convolveWindows(engine: Engine, product: Product): void {
  const { windows, channels, planes, planeSteps, bias = 0, activation = Activation.linear } = product;
  const runTable = engine.putWords(windows.runs.map((run) => 4 * run));
  const positions = windows.images * windows.outHeight * windows.outWidth;
  const panels = panelsOf(channels);
  const [positionsPerTask, panelsPerTask] = divide(positions, panels, planes, engine.threads);
  const tasksPerPlane = Math.ceil(positions / positionsPerTask) * Math.ceil(panels / panelsPerTask);
  engine.dispatch(
    Op.Convolve,
    planes * tasksPerPlane,
    fields(ConvolveField, {
      input: windows.input,
      images: windows.images,
      outRows: windows.outHeight,
      outColumns: windows.outWidth,
      inputImage: 4 * windows.inputImage,
      inputRow: 4 * windows.inputRow,
      inputColumn: 4 * windows.inputColumn,
      runTable,
      runs: windows.runs.length,
      runLength: windows.runLength,
      weights: product.weights,
      channels,
      output: product.output,
      outputImage: 4 * product.outputImage,
      outputRow: 4 * product.outputRow,
      outputColumn: 4 * product.outputColumn,
      bias,
      activation,
      accumulate: product.accumulate ?? false,
      positionsPerTask,
      panelsPerTask,
      tasksPerPlane,
      inputPlane: 4 * planeSteps.input,
      weightsPlane: 4 * planeSteps.weights,
      outputPlane: 4 * planeSteps.output,
      biasPlane: 4 * planeSteps.bias,
    }),
  );
}

export interface TransposedProduct extends Planes<'input' | 'gradient' | 'output'> {
  readonly windows: Windows;
  /** Address of [positions][channels], with `gradientPosition` floats from one position to the next. */
  readonly gradient: Pointer;
  readonly gradientPosition: number;
  readonly channels: number;
  /** Address of [runs * runLength][channels], with `outputRow` floats from one row to the next. */
  readonly output: Pointer;
  readonly outputRow: number;
  /** True to add to the sum that the output holds. */
  readonly accumulate?: boolean;
}

/**
 * Least tasks a thread of a transposed product. Fewer than TASKS, since every task packs all that it needs of both
 * factors.
 */
const TRANSPOSED_TASKS = 2;
/** Most rows of a task, so that its packed input stays in the second-level cache. */
const MOST_ROWS = 96;
const MOST_PANELS = 16;

/** Computes output[plane][run, k][channel] = windows^T x gradient. */
export function convolveTransposed(engine: Engine, product: TransposedProduct): void {
  const { windows, channels, planes, planeSteps } = product;
  const { runLength } = windows;
  const runTable = engine.putWords(windows.runs.map((run) => 4 * run));
  const panels = panelsOf(channels);
  const enough = engine.threads === 1 ? 1 : TRANSPOSED_TASKS * engine.threads;
  let rowsPerTask = Math.min(MOST_ROWS, 2 * Math.ceil(runLength / 2));
  let panelsPerTask = Math.min(MOST_PANELS, panels);
  // Short runs share a packed gradient.
  let runsPerTask = Math.min(windows.runs.length, Math.max(1, Math.floor(MOST_ROWS / runLength)));
  const perPlane = () =>
    Math.ceil(windows.runs.length / runsPerTask) *
    Math.ceil(runLength / rowsPerTask) *
    Math.ceil(panels / panelsPerTask);
  while (planes * perPlane() < enough && panelsPerTask > 4) panelsPerTask = Math.ceil(panelsPerTask / 2);
  while (planes * perPlane() < enough && runsPerTask > 1)
    if (panelsPerTask > 2) panelsPerTask = Math.ceil(panelsPerTask / 2);
    else runsPerTask = Math.ceil(runsPerTask / 2);
  while (planes * perPlane() < enough && rowsPerTask > 32) rowsPerTask = 16 * Math.ceil(rowsPerTask / 32);
  while (planes * perPlane() < enough && panelsPerTask > 2) panelsPerTask = Math.ceil(panelsPerTask / 2);
  engine.dispatch(
    Op.FilterGradient,
    planes * perPlane(),
    fields(FilterGradientField, {
      input: windows.input,
      images: windows.images,
      outRows: windows.outHeight,
      outColumns: windows.outWidth,
      inputImage: 4 * windows.inputImage,
      inputRow: 4 * windows.inputRow,
      inputColumn: 4 * windows.inputColumn,
      runTable,
      runs: windows.runs.length,
      runLength,
      gradient: product.gradient,
      gradientPosition: 4 * product.gradientPosition,
      channels,
      output: product.output,
      outputRow: 4 * product.outputRow,
      accumulate: product.accumulate ?? false,
      runsPerTask,
      rowsPerTask,
      panelsPerTask,
      tasksPerPlane: perPlane(),
      inputPlane: 4 * planeSteps.input,
      gradientPlane: 4 * planeSteps.gradient,
      outputPlane: 4 * planeSteps.output,
    }),
  );
}
