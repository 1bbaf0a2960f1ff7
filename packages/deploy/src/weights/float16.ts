const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** Largest finite value of float16. */
export const LARGEST_FLOAT16 = 65_504;

/** Returns the bits of the float16 next to a number; a tie goes to the even one (IEEE 754). */
export function float16Bits(value: number): number {
  FLOAT[0] = value;
  const bits = BITS[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const rest = bits & 0x7fff_ffff;
  // Infinity and NaN; and numbers that round to infinity.
  if (rest >= 0x7f80_0000) return sign | 0x7c00 | (rest > 0x7f80_0000 ? 0x200 : 0);
  if (rest >= 0x477f_f000) return sign | 0x7c00;
  // Normal numbers: the exponent moves from a bias of 127 to 15, and 13 bits are rounded off.
  if (rest >= 0x3880_0000) return sign | ((rest - 0x3800_0000 + 0x0fff + ((rest >>> 13) & 1)) >>> 13);
  // Numbers below the half of the least one.
  if (rest <= 0x3300_0000) return sign;
  // Subnormal numbers: units of 2^-24.
  const exponent = rest >>> 23;
  const fraction = (rest & 0x7f_ffff) | 0x80_0000;
  const shift = 126 - exponent;
  const half = 1 << (shift - 1);
  return sign | ((fraction + half - 1 + ((fraction >>> shift) & 1)) >>> shift);
}
