import { address, word } from './descriptor';
import { PANEL, PANEL_ROW, packRows } from './panels';
import { WinogradFilterField } from './winograd-fields';

/** Rows of a filter's panel to gather at a time. */
export const FILTER_ROWS: i32 = 16;

/** Gathers `count` rows of a panel from row `k` on, with all taps of a row side by side: [count][taps][16]. */
export function gatherTaps(d: usize, panel: i32, k: i32, count: i32, taps: usize, out: usize): void {
  const rowStep = address(d, WinogradFilterField.rowStep);
  const columnStep = address(d, WinogradFilterField.columnStep);
  const table = address(d, WinogradFilterField.tapTable);
  const first = panel * PANEL;
  const present = min(PANEL, word(d, WinogradFilterField.columns) - first);
  const source = address(d, WinogradFilterField.source) + <usize>first * columnStep + <usize>k * rowStep;
  for (let tap: usize = 0; tap < taps; tap++)
    packRows(
      source + <usize>load<i32>(table + (tap << 2)),
      count,
      rowStep,
      columnStep,
      present,
      out + tap * PANEL_ROW,
      taps * PANEL_ROW,
    );
}
