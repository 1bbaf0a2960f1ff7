import { FilterGradientField as Field } from './convolution-fields';
import { address, word } from './descriptor';
import { PANEL, PANEL_ROW } from './panels';
import { gradientTile, mergeFloats } from './tile';

/**
 * Positions whose products form one chain of additions. Packed input and gradient of this many positions fit into the
 * cache.
 */
const BLOCK: i32 = 256;
/** Rows to pack in one sweep. */
const SWEEP: i32 = 16;
/** Bytes of a packed pair of rows: 64 more than a power of two, so that its stores do not all meet in one cache set. */
const PAIR: usize = BLOCK * 8 + 64;
/** Bytes of a packed panel of the gradient. */
const GRADIENT_PANEL: usize = BLOCK * PANEL_ROW;

/** Offsets in scratch memory. */
const INPUTS: usize = 0;
const TILE: usize = INPUTS + BLOCK * 4;
const PACKED: usize = 4096;

/**
 * Packs rows of the input in pairs: [pair][position][2]. Up to 15 floats past a run are read and ignored.
 *
 * @param inputs addresses of the positions, from which the first row is `distance` away
 */
function packInput(inputs: usize, distance: usize, count: i32, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row += SWEEP) {
    let to = out + <usize>(row >> 1) * PAIR;
    const offset = distance + ((<usize>row) << 2);
    for (let m = 0; m < count; m++) {
      const from = <usize>load<i32>(inputs + ((<usize>m) << 2)) + offset;
      const x0 = v128.load(from);
      const x1 = v128.load(from, 16);
      const x2 = v128.load(from, 32);
      const x3 = v128.load(from, 48);
      let at = to;
      v128.store_lane<u64>(at, x0, 0);
      at += PAIR;
      v128.store_lane<u64>(at, x0, 1);
      at += PAIR;
      v128.store_lane<u64>(at, x1, 0);
      at += PAIR;
      v128.store_lane<u64>(at, x1, 1);
      at += PAIR;
      v128.store_lane<u64>(at, x2, 0);
      at += PAIR;
      v128.store_lane<u64>(at, x2, 1);
      at += PAIR;
      v128.store_lane<u64>(at, x3, 0);
      at += PAIR;
      v128.store_lane<u64>(at, x3, 1);
      to += 8;
    }
  }
}

/** Packs a panel of the gradient: [position][16]. */
function packGradient(from: usize, step: usize, count: i32, out: usize): void {
  for (let m = 0; m < count; m++) {
    v128.store(out, v128.load(from));
    v128.store(out, v128.load(from, 16), 16);
    v128.store(out, v128.load(from, 32), 32);
    v128.store(out, v128.load(from, 48), 48);
    out += PANEL_ROW;
    from += step;
  }
}

/**
 * Computes the gradient of a filter (or a product with a transposed left matrix): output[run r, k, channel] = sum over
 * positions of input[position + run r + k] gradient[position, channel].
 */
export function filterGradient(d: usize, task: i32, scratch: usize): void {
  const outRows = word(d, Field.outRows);
  const outColumns = word(d, Field.outColumns);
  const length = word(d, Field.runLength);
  const channels = word(d, Field.channels);
  const perPlane = word(d, Field.tasksPerPlane);
  const plane = <usize>(task / perPlane);
  const inPlane = task % perPlane;

  const panels = (channels + PANEL - 1) / PANEL;
  const panelsPerTask = word(d, Field.panelsPerTask);
  const panelBlocks = (panels + panelsPerTask - 1) / panelsPerTask;
  const fromPanel = (inPlane % panelBlocks) * panelsPerTask;
  const toPanel = min(fromPanel + panelsPerTask, panels);

  const rowsPerTask = word(d, Field.rowsPerTask);
  const rowBlocks = (length + rowsPerTask - 1) / rowsPerTask;
  const runsPerTask = word(d, Field.runsPerTask);
  const fromRun = (inPlane / panelBlocks / rowBlocks) * runsPerTask;
  const toRun = min(fromRun + runsPerTask, word(d, Field.runs));
  const fromRow = ((inPlane / panelBlocks) % rowBlocks) * rowsPerTask;
  const rows = min(rowsPerTask, length - fromRow);

  const input = address(d, Field.input) + plane * address(d, Field.inputPlane) + ((<usize>fromRow) << 2);
  const runTable = address(d, Field.runTable);
  const gradient = address(d, Field.gradient) + plane * address(d, Field.gradientPlane);
  const gradientStep = address(d, Field.gradientPosition);
  const outputRow = address(d, Field.outputRow);
  const outputs = address(d, Field.output) + plane * address(d, Field.outputPlane) + <usize>fromRow * outputRow;

  const inputs = scratch + INPUTS;
  const tile = scratch + TILE;
  const packedInput = scratch + PACKED;
  const packedGradient = packedInput + <usize>((rowsPerTask + SWEEP - 1) / SWEEP) * ((SWEEP / 2) * PAIR);

  const positions = word(d, Field.images) * outRows * outColumns;
  const accumulate = word(d, Field.accumulate) !== 0;
  let row = 0;
  let column = 0;
  let image = 0;
  for (let from = 0; from < positions; from += BLOCK) {
    const count = min(BLOCK, positions - from);
    for (let m = 0; m < count; m++) {
      store<i32>(
        inputs + ((<usize>m) << 2),
        <i32>input +
          image * word(d, Field.inputImage) +
          row * word(d, Field.inputRow) +
          column * word(d, Field.inputColumn),
      );
      if (++column === outColumns) {
        column = 0;
        if (++row === outRows) {
          row = 0;
          image++;
        }
      }
    }
    for (let p = fromPanel; p < toPanel; p++)
      packGradient(
        gradient + <usize>from * gradientStep + <usize>p * PANEL_ROW,
        gradientStep,
        count,
        packedGradient + <usize>(p - fromPanel) * GRADIENT_PANEL,
      );
    const first = from === 0 && !accumulate;
    for (let run = fromRun; run < toRun; run++) {
      packInput(inputs, <usize>load<i32>(runTable + ((<usize>run) << 2)), count, rows, packedInput);
      const output = outputs + <usize>(run * length) * outputRow;
      for (let p = fromPanel; p < toPanel; p++) {
        const panel = packedGradient + <usize>(p - fromPanel) * GRADIENT_PANEL;
        const present = min(channels - p * PANEL, PANEL);
        for (let k = 0; k < rows; k += 2) {
          const pairs = packedInput + <usize>(k >> 1) * PAIR;
          const output0 = output + <usize>k * outputRow + <usize>p * PANEL_ROW;
          const paired = k + 1 < rows;
          if (first && paired && present === PANEL) {
            gradientTile(count, pairs, panel, output0, output0 + outputRow);
          } else {
            gradientTile(count, pairs, panel, tile, tile + PANEL_ROW);
            mergeFloats(output0, tile, present, !first);
            if (paired) mergeFloats(output0 + outputRow, tile + PANEL_ROW, present, !first);
          }
        }
      }
    }
  }
}
