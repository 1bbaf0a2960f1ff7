/** a * b / 255, rounded, in Pillow's integer steps. */
function multiply(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/** Pillow's `convert('RGB')` of CMYK pixels that are stored inverted, as in every JPEG that Adobe writes. */
export function cmykToRgb(stored: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((stored.length / 4) * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    const white = stored[from + 3]!;
    for (let c = 0; c < 3; c++) rgb[to + c] = white - multiply(255 - stored[from + c]!, white);
  }
  return rgb;
}
