import { PanelField as Field } from './convolution-fields';
import { address, word } from './descriptor';

/** Columns of a panel. */
export const PANEL: i32 = 16;
/** Bytes of a row of a panel. */
export const PANEL_ROW: usize = 64;

/** Packs weights into panels; a task is one panel of one plane. */
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
  let out = address(d, Field.output) + <usize>task * <usize>(taps * rows) * PANEL_ROW;
  for (let tap = 0; tap < taps; tap++) {
    let row = source + load<i32>(table + ((<usize>tap) << 2));
    if (columnStep === 4 && present === PANEL) {
      for (let k = 0; k < rows; k++) {
        v128.store(out, v128.load(row));
        v128.store(out, v128.load(row, 16), 16);
        v128.store(out, v128.load(row, 32), 32);
        v128.store(out, v128.load(row, 48), 48);
        out += PANEL_ROW;
        row += rowStep;
      }
    } else {
      for (let k = 0; k < rows; k++) {
        for (let j = 0; j < PANEL; j++)
          store<f32>(out + ((<usize>j) << 2), j < present ? load<f32>(row + <usize>j * columnStep) : 0);
        out += PANEL_ROW;
        row += rowStep;
      }
    }
  }
}
