import { ConvolveField as Field } from './convolution-fields';
import { address, word } from './descriptor';
import { PANEL, PANEL_ROW } from './panels';
import { convolveTile, copyFloats, FIRST, LAST } from './tile';

/** Terms of one chain of additions. A panel's part of this length stays in the first-level cache. */
const BLOCK: i32 = 384;
/** Most positions of a task. */
const MOST_POSITIONS: usize = 1024;

/** Offsets in scratch memory: addresses that each position reads and writes, and tiles for ragged edges. */
const INPUTS: usize = 0;
const OUTPUTS: usize = INPUTS + MOST_POSITIONS * 4;
const TILE: usize = OUTPUTS + MOST_POSITIONS * 4;
const SPARE_ROW: usize = TILE + 2 * PANEL_ROW;

function addressAt(table: usize, index: i32): usize {
  return <usize>load<i32>(table + ((<usize>index) << 2));
}

/** Computes the addresses that the positions from `from` to `to` read and write. */
function locatePositions(d: usize, plane: i32, from: i32, to: i32, scratch: usize): void {
  const rows = word(d, Field.outRows);
  const columns = word(d, Field.outColumns);
  const input = address(d, Field.input) + <usize>plane * address(d, Field.inputPlane);
  const output = address(d, Field.output) + <usize>plane * address(d, Field.outputPlane);
  let column = from % columns;
  let row = (from / columns) % rows;
  let image = from / columns / rows;
  for (let i = from; i < to; i++) {
    const at = ((<usize>(i - from)) << 2) + scratch;
    store<i32>(
      at + INPUTS,
      <i32>input +
        image * word(d, Field.inputImage) +
        row * word(d, Field.inputRow) +
        column * word(d, Field.inputColumn),
    );
    store<i32>(
      at + OUTPUTS,
      <i32>output +
        image * word(d, Field.outputImage) +
        row * word(d, Field.outputRow) +
        column * word(d, Field.outputColumn),
    );
    if (++column === columns) {
      column = 0;
      if (++row === rows) {
        row = 0;
        image++;
      }
    }
  }
}

/**
 * Computes a convolution of an input that includes its padding (or a matrix product, which is one with a single tap):
 * output[position, channel] = sum over runs r and k of input[position + run r + k] weights[r, k, channel].
 */
export function convolve(d: usize, task: i32, scratch: usize): void {
  const runs = word(d, Field.runs);
  const length = word(d, Field.runLength);
  const channels = word(d, Field.channels);
  const activation = word(d, Field.activation);
  const perPlane = word(d, Field.tasksPerPlane);
  const plane = task / perPlane;
  const inPlane = task % perPlane;

  const panels = (channels + PANEL - 1) / PANEL;
  const panelsPerTask = word(d, Field.panelsPerTask);
  const panelBlocks = (panels + panelsPerTask - 1) / panelsPerTask;
  const fromPanel = (inPlane % panelBlocks) * panelsPerTask;
  const toPanel = min(fromPanel + panelsPerTask, panels);

  const positions = word(d, Field.images) * word(d, Field.outRows) * word(d, Field.outColumns);
  const perTask = word(d, Field.positionsPerTask);
  const from = (inPlane / panelBlocks) * perTask;
  const count = min(perTask, positions - from);
  locatePositions(d, plane, from, from + count, scratch);

  const weights = address(d, Field.weights) + <usize>plane * address(d, Field.weightsPlane);
  const biases = address(d, Field.bias);
  const inputs = scratch + INPUTS;
  const outputs = scratch + OUTPUTS;
  const tile = scratch + TILE;
  const spare = scratch + SPARE_ROW;
  const terms = runs * length;
  const first = word(d, Field.accumulate) ? 0 : FIRST;

  for (let done = 0; done < terms; ) {
    // Next block: several whole runs, or an even part of a long one.
    const run = done / length;
    const offset = done % length;
    let blockRuns = 1;
    let blockLength = length;
    if (length > BLOCK) {
      const parts = (length + BLOCK - 1) / BLOCK;
      blockLength = min((length + parts - 1) / parts, length - offset);
    } else {
      blockRuns = min(BLOCK / length, runs - run);
    }
    const next = done + blockRuns * blockLength;
    const part = (done === 0 ? first : 0) | (next === terms ? LAST : 0);
    const table = address(d, Field.runTable) + ((<usize>run) << 2);
    const skipped = (<usize>offset) << 2;
    for (let p = fromPanel; p < toPanel; p++) {
      const panel = weights + (<usize>p * <usize>terms + <usize>done) * PANEL_ROW;
      const column = <usize>p * PANEL_ROW;
      const bias = biases ? biases + <usize>plane * address(d, Field.biasPlane) + column : 0;
      const present = min(channels - p * PANEL, PANEL);
      for (let m = 0; m < count; m += 2) {
        const single = m + 1 === count;
        const input0 = addressAt(inputs, m) + skipped;
        const input1 = single ? input0 : addressAt(inputs, m + 1) + skipped;
        const output0 = addressAt(outputs, m) + column;
        const output1 = single ? spare : addressAt(outputs, m + 1) + column;
        if (present === PANEL) {
          convolveTile(table, blockRuns, blockLength, input0, input1, panel, output0, output1, part, bias, activation);
        } else {
          if (!(part & FIRST)) {
            copyFloats(tile, output0, present);
            copyFloats(tile + PANEL_ROW, output1, present);
          }
          convolveTile(
            table,
            blockRuns,
            blockLength,
            input0,
            input1,
            panel,
            tile,
            tile + PANEL_ROW,
            part,
            bias,
            activation,
          );
          copyFloats(output0, tile, present);
          copyFloats(output1, tile + PANEL_ROW, present);
        }
      }
    }
    done = next;
  }
}
