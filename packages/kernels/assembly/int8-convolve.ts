import { word } from './descriptor';
import { finish, outputOf, own, ownAddress, residualOf } from './int8-epilogue';
import { EpilogueField, Int8ConvolveField as Field } from './int8-fields';
import { multiplyPosition, multiplyTile, PAIR_ROW, widen } from './int8-tile';
import { Header } from './ops';
import { PANEL } from './panels';

/** Most pairs of a panel to multiply at a time, so that their weights stay in the first-level cache. */
const BLOCK: i32 = 256;
/** Most positions of a task. */
const MOST_POSITIONS: usize = 256;

/** Offsets in scratch memory: addresses that each position reads and writes, its sums, and widened weights. */
const INPUTS: usize = 0;
const OUTPUTS: usize = INPUTS + MOST_POSITIONS * 4;
const RESIDUALS: usize = OUTPUTS + MOST_POSITIONS * 4;
const SUMS: usize = RESIDUALS + MOST_POSITIONS * 4;
const WEIGHTS: usize = SUMS + (MOST_POSITIONS + 1) * PAIR_ROW;

/** Computes the addresses that the positions from `from` to `to` read and write. */
function locatePositions(d: usize, plane: i32, from: i32, to: i32, scratch: usize): void {
  const rows = own(d, Field.outRows);
  const columns = own(d, Field.outColumns);
  const input = own(d, Field.input) + plane * own(d, Field.inputPlane);
  let column = from % columns;
  let row = (from / columns) % rows;
  let image = from / columns / rows;
  for (let i = from; i < to; i++) {
    const at = ((<usize>(i - from)) << 2) + scratch;
    store<i32>(
      at + INPUTS,
      input + image * own(d, Field.inputImage) + row * own(d, Field.inputRow) + column * own(d, Field.inputColumn),
    );
    store<i32>(at + OUTPUTS, outputOf(d, image, row, column) + plane * own(d, Field.outputPlane));
    store<i32>(at + RESIDUALS, residualOf(d, image, row, column) + plane * own(d, Field.residualPlane));
    if (++column === columns) {
      column = 0;
      if (++row === rows) {
        row = 0;
        image++;
      }
    }
  }
}

/** Multiplies all positions of a task by a panel, block by block. */
function multiplyPanel(d: usize, count: i32, panel: usize, scratch: usize): void {
  const runs = own(d, Field.runs);
  const pairs = own(d, Field.pairs);
  const table = d + ((<usize>(Header.words + EpilogueField.words + Field.runTable)) << 2);
  const inputs = scratch + INPUTS;
  if (count === 1) {
    multiplyPosition(table, runs, pairs, <usize>load<i32>(inputs), panel, scratch + SUMS);
    return;
  }
  const rows = runs * pairs;
  for (let done = 0; done < rows; ) {
    // Next block: several whole runs, or an even part of a long one.
    const run = done / pairs;
    const offset = done % pairs;
    let blockRuns = 1;
    let blockPairs = pairs;
    if (pairs > BLOCK) {
      const parts = (pairs + BLOCK - 1) / BLOCK;
      blockPairs = min((pairs + parts - 1) / parts, pairs - offset);
    } else {
      blockRuns = min(BLOCK / pairs, runs - run);
    }
    widen(panel + (<usize>done * PAIR_ROW) / 2, blockRuns * blockPairs, scratch + WEIGHTS);
    const runTable = table + ((<usize>run) << 2);
    const skipped = (<usize>offset) << 2;
    for (let m = 0; m < count; m += 2) {
      const at = inputs + ((<usize>m) << 2);
      const input0 = <usize>load<i32>(at) + skipped;
      multiplyTile(
        runTable,
        blockRuns,
        blockPairs,
        input0,
        m + 1 === count ? input0 : <usize>load<i32>(at, 4) + skipped,
        scratch + WEIGHTS,
        scratch + SUMS + <usize>m * PAIR_ROW,
        done === 0,
      );
    }
    done += blockRuns * blockPairs;
  }
}

/**
 * Computes a convolution of a quantized input whose border is in memory: the sums of convolve.ts in int32, then the
 * epilogue.
 */
export function int8Convolve(d: usize, task: i32, scratch: usize): void {
  const perPlane = own(d, Field.tasksPerPlane);
  const plane = task / perPlane;
  const inPlane = task % perPlane;

  const panels = (word(d, EpilogueField.channels) + PANEL - 1) / PANEL;
  const panelsPerTask = own(d, Field.panelsPerTask);
  const panelBlocks = (panels + panelsPerTask - 1) / panelsPerTask;
  const fromPanel = (inPlane % panelBlocks) * panelsPerTask;
  const toPanel = min(fromPanel + panelsPerTask, panels);

  const positions = own(d, Field.images) * own(d, Field.outRows) * own(d, Field.outColumns);
  const perTask = own(d, Field.positionsPerTask);
  const from = (inPlane / panelBlocks) * perTask;
  const count = min(perTask, positions - from);
  locatePositions(d, plane, from, from + count, scratch);

  const weights = ownAddress(d, Field.weights) + <usize>plane * ownAddress(d, Field.weightsPlane);
  const columns = <usize>plane * ownAddress(d, Field.columnPlane);
  const panelBytes = (<usize>(own(d, Field.runs) * own(d, Field.pairs)) * PAIR_ROW) / 2;
  for (let p = fromPanel; p < toPanel; p++) {
    multiplyPanel(d, count, weights + <usize>p * panelBytes, scratch);
    finish(d, p * PANEL, columns, count, scratch + SUMS, scratch + OUTPUTS, scratch + RESIDUALS);
  }
}
