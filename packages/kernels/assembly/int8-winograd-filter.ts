import { address, word } from './descriptor';
import { Int8WinogradFilterField as Field } from './int8-fields';
import { PAIR_ROW } from './int8-tile';
import { PANEL } from './panels';

/** Returns the weights of four columns in a row and in the next one, alternating, as int16. */
function loadPairs(row: usize, next: usize, hasNext: bool): v128 {
  const a = v128.load32_zero(row);
  const b = hasNext ? v128.load32_zero(next) : i8x16.splat(0);
  const pairs = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 0, 0, 0, 0, 0, 0, 0, 0);
  return i16x8.extend_low_i8x16_s(pairs);
}

/** Returns a row of (2G) g: from the taps `a`, `b` and `c` of a column, top to bottom; of (2G) g (2G)^T likewise. */
function filterRow(i: i32, a: v128, b: v128, c: v128): v128 {
  if (i === 0) return i16x8.add(a, a);
  if (i === 3) return i16x8.add(c, c);
  const outer = i16x8.add(a, c);
  return i === 1 ? i16x8.add(outer, b) : i16x8.sub(outer, b);
}

/**
 * Computes (2G) g (2G)^T of a filter, [panels][16 planes][pairs][16 columns][2]. A task is one panel. Its columns beyond
 * the filter's last are any values: their sums are never stored.
 */
export function transformInt8Filter(d: usize, task: i32): void {
  const rows = word(d, Field.rows);
  const rowBytes = address(d, Field.columns);
  const tap = <usize>rows * rowBytes;
  const plane = <usize>((rows + 1) >> 1) * PAIR_ROW;
  const source = address(d, Field.source) + <usize>(task * PANEL);
  let out = address(d, Field.output) + <usize>task * 16 * plane;
  for (let k = 0; k < rows; k += 2) {
    const hasNext = k + 1 < rows;
    for (let column: usize = 0; column < 16; column += 4, out += 16) {
      const g = source + <usize>k * rowBytes + column;
      for (let i = 0; i < 4; i++) {
        const a = filterRow(
          i,
          loadPairs(g, g + rowBytes, hasNext),
          loadPairs(g + 3 * tap, g + 3 * tap + rowBytes, hasNext),
          loadPairs(g + 6 * tap, g + 6 * tap + rowBytes, hasNext),
        );
        const b = filterRow(
          i,
          loadPairs(g + tap, g + tap + rowBytes, hasNext),
          loadPairs(g + 4 * tap, g + 4 * tap + rowBytes, hasNext),
          loadPairs(g + 7 * tap, g + 7 * tap + rowBytes, hasNext),
        );
        const c = filterRow(
          i,
          loadPairs(g + 2 * tap, g + 2 * tap + rowBytes, hasNext),
          loadPairs(g + 5 * tap, g + 5 * tap + rowBytes, hasNext),
          loadPairs(g + 8 * tap, g + 8 * tap + rowBytes, hasNext),
        );
        let to = out + <usize>(i << 2) * plane;
        for (let j = 0; j < 4; j++, to += plane) v128.store(to, filterRow(j, a, b, c));
      }
    }
  }
}
