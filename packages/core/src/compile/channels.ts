/**
 * Multiplies the values of each channel, the last axis, by the channel's factor: in float64, rounded once. A loop, since `Float32Array.from`
 * with a function takes forty times as long.
 */
export function scaleChannels(values: Float32Array, scale: Float64Array): Float32Array<ArrayBuffer> {
  const scaled = new Float32Array(values.length);
  for (let first = 0; first < values.length; first += scale.length)
    for (let i = 0; i < scale.length; i++) scaled[first + i] = values[first + i]! * scale[i]!;
  return scaled;
}

/** Returns true if no value is NaN or infinite. */
export function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
