/** A float32 from 2^23 to 2^24, whose sums with small numbers are integers. */
const MAGIC: f32 = 12582912;

/** Returns values clamped to [low, high], `low` if NaN. */
export function clampLanes(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(high, f32x4.pmax(low, x));
}

/** Rounds values of at most 2^21 to the nearest integers, ties to even, as float32. */
export function roundLanes(x: v128): v128 {
  const magic = f32x4.splat(MAGIC);
  return f32x4.sub(f32x4.add(x, magic), magic);
}

/** Rounds eight values, within the range of int16, to the nearest integers, ties to even, as int16. */
export function roundToInt16(a: v128, b: v128): v128 {
  const magic = f32x4.splat(MAGIC);
  return i16x8.narrow_i32x4_s(i32x4.sub(f32x4.add(a, magic), magic), i32x4.sub(f32x4.add(b, magic), magic));
}

/** Returns the lower four of eight int16 values as float32. */
export function lowFloats(x: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(x));
}

/** Returns the upper four of eight int16 values as float32. */
export function highFloats(x: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(x));
}

/** Stores the first `count` (1 to 8) int16 lanes of v: the last channels of a pixel, beyond which nothing is written. */
export function storeInt16(p: usize, v: v128, count: i32): void {
  if (count >= 8) {
    v128.store(p, v);
    return;
  }
  if (count & 4) {
    v128.store64_lane(p, v, 0);
    p += 8;
    v = i64x2.shuffle(v, v, 1, 0);
  }
  if (count & 2) {
    v128.store32_lane(p, v, 0);
    p += 4;
    v = i32x4.shuffle(v, v, 1, 2, 3, 0);
  }
  if (count & 1) v128.store16_lane(p, v, 0);
}
