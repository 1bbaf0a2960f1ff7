/** Rows to sum in single precision before the sums are added to doubles. */
export const BLOCK: i32 = 64;

/** Stores the first `count` (1 to 4) lanes of v: the last channels of a pixel, beyond which nothing may be written. */
export function storeLanes(p: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store(p, v);
    return;
  }
  store<f32>(p, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(p, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(p, f32x4.extract_lane(v, 2), 8);
}

/** Returns the upper two lanes as doubles. */
export function upperHalf(v: v128): v128 {
  return f64x2.promote_low_f32x4(i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15));
}

/** Adds eight floats to the doubles at `to`. */
export function addToDoubles(to: usize, low: v128, high: v128): void {
  v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(low)));
  v128.store(to, f64x2.add(v128.load(to, 16), upperHalf(low)), 16);
  v128.store(to, f64x2.add(v128.load(to, 32), f64x2.promote_low_f32x4(high)), 32);
  v128.store(to, f64x2.add(v128.load(to, 48), upperHalf(high)), 48);
}

/** Rounds the 16 doubles at `from` to floats. */
export function doublesToFloats(from: usize, to: usize): void {
  for (let i = 0; i < 4; i++, from += 32, to += 16) {
    v128.store64_lane(to, f32x4.demote_f64x2_zero(v128.load(from)), 0);
    v128.store64_lane(to, f32x4.demote_f64x2_zero(v128.load(from, 16)), 0, 8);
  }
}
