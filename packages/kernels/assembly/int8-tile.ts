/*
 * Innermost loops of the int8 kernels: 2 positions x 16 columns in 8 accumulators of int32. An
 * `i32x4.dot_i16x8_s` multiplies a pair of values by pairs of weights of four columns.
 */

/** Bytes of a pair's row in a panel of int16 weights, and of a position's 16 sums. */
export const PAIR_ROW: usize = 64;

function multiplyAdd(sum: v128, x: v128, weights: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(x, weights));
}

/**
 * Multiplies two positions by a panel of int16 weights: sums over `runs` runs of `pairs` pairs each.
 *
 * @param table address of the distances from `input0` and `input1` to the runs
 * @param sums address of the positions' 2 x 16 sums
 * @param first true to overwrite the sums, false to add to them
 */
export function multiplyTile(
  table: usize,
  runs: i32,
  pairs: i32,
  input0: usize,
  input1: usize,
  panel: usize,
  sums: usize,
  first: bool,
): void {
  let a0 = i32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  do {
    const distance = <usize>load<i32>(table);
    let x = input0 + distance;
    let y = input1 + distance;
    let left = pairs;
    do {
      const s = v128.load32_splat(x);
      const t = v128.load32_splat(y);
      let w = v128.load(panel);
      a0 = multiplyAdd(a0, s, w);
      b0 = multiplyAdd(b0, t, w);
      w = v128.load(panel, 16);
      a1 = multiplyAdd(a1, s, w);
      b1 = multiplyAdd(b1, t, w);
      w = v128.load(panel, 32);
      a2 = multiplyAdd(a2, s, w);
      b2 = multiplyAdd(b2, t, w);
      w = v128.load(panel, 48);
      a3 = multiplyAdd(a3, s, w);
      b3 = multiplyAdd(b3, t, w);
      x += 4;
      y += 4;
      panel += PAIR_ROW;
    } while (--left);
    table += 4;
  } while (--runs);
  if (!first) {
    a0 = i32x4.add(a0, v128.load(sums));
    a1 = i32x4.add(a1, v128.load(sums, 16));
    a2 = i32x4.add(a2, v128.load(sums, 32));
    a3 = i32x4.add(a3, v128.load(sums, 48));
    b0 = i32x4.add(b0, v128.load(sums, 64));
    b1 = i32x4.add(b1, v128.load(sums, 80));
    b2 = i32x4.add(b2, v128.load(sums, 96));
    b3 = i32x4.add(b3, v128.load(sums, 112));
  }
  v128.store(sums, a0);
  v128.store(sums, a1, 16);
  v128.store(sums, a2, 32);
  v128.store(sums, a3, 48);
  v128.store(sums, b0, 64);
  v128.store(sums, b1, 80);
  v128.store(sums, b2, 96);
  v128.store(sums, b3, 112);
}

/**
 * Multiplies one position by a panel of int8 weights, which are widened as they are loaded: a single position is
 * limited by the memory that the weights come from.
 */
export function multiplyPosition(table: usize, runs: i32, pairs: i32, input: usize, panel: usize, sums: usize): void {
  let a0 = i32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  do {
    let x = input + <usize>load<i32>(table);
    let left = pairs;
    do {
      const s = v128.load32_splat(x);
      a0 = multiplyAdd(a0, s, v128.load8x8_s(panel));
      a1 = multiplyAdd(a1, s, v128.load8x8_s(panel, 8));
      a2 = multiplyAdd(a2, s, v128.load8x8_s(panel, 16));
      a3 = multiplyAdd(a3, s, v128.load8x8_s(panel, 24));
      x += 4;
      panel += PAIR_ROW / 2;
    } while (--left);
    table += 4;
  } while (--runs);
  v128.store(sums, a0);
  v128.store(sums, a1, 16);
  v128.store(sums, a2, 32);
  v128.store(sums, a3, 48);
}

/** Widens the rows of `pairs` pairs of a panel from int8 to int16. */
export function widen(panel: usize, pairs: i32, to: usize): void {
  do {
    v128.store(to, v128.load8x8_s(panel));
    v128.store(to, v128.load8x8_s(panel, 8), 16);
    v128.store(to, v128.load8x8_s(panel, 16), 32);
    v128.store(to, v128.load8x8_s(panel, 24), 48);
    panel += PAIR_ROW / 2;
    to += PAIR_ROW;
  } while (--pairs);
}
