import { PanelField as Field } from './convolution-fields';
import { address, word } from './descriptor';
import { transpose4 } from './simd';

/** Columns of a panel. */
export const PANEL: i32 = 16;
/** Bytes of a row of a panel. */
export const PANEL_ROW: usize = 64;

/**
 * Copies rows of up to 16 columns into a panel, with zeros beyond the last column.
 *
 * @param rowStep bytes from one row of the source to the next; `columnStep` likewise for columns
 */
export function packRows(
  from: usize,
  rows: i32,
  rowStep: usize,
  columnStep: usize,
  present: i32,
  to: usize,
  toStep: usize,
): void {
  let k = 0;
  if (present === PANEL && columnStep === 4) {
    for (; k < rows; k++) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      v128.store(to, v128.load(from, 32), 32);
      v128.store(to, v128.load(from, 48), 48);
      from += rowStep;
      to += toStep;
    }
  } else if (present === PANEL && rowStep === 4) {
    for (; k + 4 <= rows; k += 4) {
      for (let quad: usize = 0; quad < 4; quad++)
        transpose4(from + (quad << 2) * columnStep, columnStep, to + (quad << 4), toStep);
      from += 16;
      to += toStep << 2;
    }
  }
  for (; k < rows; k++) {
    for (let j = 0; j < PANEL; j++)
      store<f32>(to + ((<usize>j) << 2), j < present ? load<f32>(from + <usize>j * columnStep) : 0);
    from += rowStep;
    to += toStep;
  }
}

/** Packs weights into panels. A task is one panel of one plane. */
export function packPanels(d: usize, task: i32): void {
  const taps = word(d, Field.taps);
  const rows = word(d, Field.rows);
  const columns = word(d, Field.columns);
  const rowStep = address(d, Field.rowStep);
  const columnStep = address(d, Field.columnStep);
  const table = address(d, Field.tapTable);
  const panels = (columns + PANEL - 1) / PANEL;
  const first = (task % panels) * PANEL;
  const present = min(PANEL, columns - first);
  const source =
    address(d, Field.source) + <usize>(task / panels) * address(d, Field.planeStep) + <usize>first * columnStep;
  let out = address(d, Field.output) + <usize>task * address(d, Field.outputPanel);
  for (let tap = 0; tap < taps; tap++) {
    packRows(source + load<i32>(table + ((<usize>tap) << 2)), rows, rowStep, columnStep, present, out, PANEL_ROW);
    out += <usize>rows * PANEL_ROW;
  }
}
