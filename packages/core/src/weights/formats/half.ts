const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The nearest half of a value, ties to even; beyond 65504 it is infinite (IEEE 754). */
function halfOf(value: number): number {
  float[0] = value;
  // What a float32 can't hold is cut to an odd last bit, so that a tie of halves stays apart from its neighbours.
  if (float[0] !== value && !Number.isNaN(value))
    bits[0] = (Math.abs(float[0]!) > Math.abs(value) ? bits[0]! - 1 : bits[0]!) | 1;
  const from = bits[0]!;
  const sign = (from >>> 16) & 0x8000;
  const magnitude = from & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff);
  // 65520 and more round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  }
  // A subnormal half counts 2^-24; the nearest count of an exact float32 quotient, ties to even.
  const count = Math.abs(float[0]!) * 2 ** 24;
  const down = Math.floor(count);
  const rest = count - down;
  return sign | (rest > 0.5 || (rest === 0.5 && (down & 1) === 1) ? down + 1 : down);
}

/** Narrows floats to halves, as their bits. */
export function toFloat16(values: Float32Array | Float64Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = halfOf(values[i]!);
  return out;
}
