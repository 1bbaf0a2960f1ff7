// A module of its own, which a program that only prepares images loads without the kernels.

/** Fractional bits of the weights. */
const PRECISION_BITS = 22;
const HALF: i32 = 1 << (PRECISION_BITS - 1);

/** Widens four bytes at an address to 32 bits each. */
function load4(at: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at)));
}

/**
 * Filters a line of pixels. The function reads up to one byte after the line, and writes up to one byte after the result.
 *
 * @param channels Bytes of a pixel: 1, 3 or 4. The fourth, alpha, is not in the result.
 * @param first For each pixel of the result, the first pixel that counts: i32.
 * @param count For each pixel of the result, the number of pixels that count: i32.
 * @param weights Their weights, `stride` for each pixel of the result: i32.
 */
export function filterRow(
  line: usize,
  channels: i32,
  first: usize,
  count: usize,
  weights: usize,
  stride: i32,
  columns: i32,
  out: usize,
): void {
  const kept: usize = channels === 1 ? 1 : 3;
  for (let x = 0; x < columns; x++) {
    let at = line + usize(load<i32>(first + (usize(x) << 2)) * channels);
    let weight = weights + (usize(x * stride) << 2);
    const end = weight + (usize(load<i32>(count + (usize(x) << 2))) << 2);
    if (channels === 1) {
      let sum = HALF;
      for (; weight < end; weight += 4, at++) sum += i32(load<u8>(at)) * load<i32>(weight);
      store<u8>(out, u8(min(sum >> PRECISION_BITS, 255)));
    } else {
      let sums = i32x4.splat(HALF);
      for (; weight < end; weight += 4, at += usize(channels))
        sums = i32x4.add(sums, i32x4.mul(load4(at), v128.load32_splat(weight)));
      const words = i16x8.narrow_i32x4_s(i32x4.shr_s(sums, PRECISION_BITS), i32x4.splat(0));
      v128.store32_lane(out, i8x16.narrow_i16x8_u(words, words), 0);
    }
    out += kept;
  }
}

/**
 * Adds lines of `length` bytes, each with its weight. The function reads and writes up to 15 bytes after the last line and the result.
 *
 * @param weights `count` of them: i32.
 */
export function filterColumns(lines: usize, length: i32, count: i32, weights: usize, out: usize): void {
  for (let x: usize = 0; x < usize(length); x += 16) {
    let a = i32x4.splat(HALF);
    let b = a;
    let c = a;
    let d = a;
    let at = lines + x;
    for (let k = 0; k < count; k++, at += usize(length)) {
      const weight = v128.load32_splat(weights + (usize(k) << 2));
      const bytes = v128.load(at);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      a = i32x4.add(a, i32x4.mul(i32x4.extend_low_i16x8_u(low), weight));
      b = i32x4.add(b, i32x4.mul(i32x4.extend_high_i16x8_u(low), weight));
      c = i32x4.add(c, i32x4.mul(i32x4.extend_low_i16x8_u(high), weight));
      d = i32x4.add(d, i32x4.mul(i32x4.extend_high_i16x8_u(high), weight));
    }
    const low = i16x8.narrow_i32x4_s(i32x4.shr_s(a, PRECISION_BITS), i32x4.shr_s(b, PRECISION_BITS));
    const high = i16x8.narrow_i32x4_s(i32x4.shr_s(c, PRECISION_BITS), i32x4.shr_s(d, PRECISION_BITS));
    v128.store(out + x, i8x16.narrow_i16x8_u(low, high));
  }
}
