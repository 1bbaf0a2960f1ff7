/** Bins of a histogram, half of them below 0. */
const BINS = 4096;
const ZERO = BINS / 2;

/** How values of a tensor are distributed over all images. */
export class ValueStatistics {
  /** The least and largest value; 0 is always between them. */
  min = 0;
  max = 0;
  /** Number of values. */
  count = 0;
  /** Width of a bin, a power of two; 0 before a value other than 0 was seen. */
  width = 0;
  /** Numbers of values: bin i counts those from (i - 2048) width on, up to the next. undefined without a histogram. */
  readonly bins: Float64Array | undefined;
  private readonly sums: Float64Array | undefined;

  /**
   * @param histogram true: counts the values by size too.
   * @param channels extent of the last axis, whose means are computed; 0: none are.
   */
  constructor(histogram: boolean, channels: number) {
    this.bins = histogram ? new Float64Array(BINS) : undefined;
    this.sums = channels > 0 ? new Float64Array(channels) : undefined;
  }

  /** Adds the values of a batch. Returns false if one is not finite. */
  add(values: Float32Array): boolean {
    let { min, max } = this;
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
    }
    if (!Number.isFinite(sum)) return false;
    this.min = min;
    this.max = max;
    this.count += values.length;
    this.addBins(values);
    this.addSums(values);
    return true;
  }

  /** Mean of each channel. */
  means(): Float64Array {
    const pixels = this.count / this.sums!.length;
    return this.sums!.map((sum) => sum / pixels);
  }

  private addBins(values: Float32Array): void {
    const { bins } = this;
    const largest = Math.max(this.max, -this.min);
    if (!bins || largest === 0) {
      if (bins) bins[ZERO]! += values.length;
      return;
    }
    if (this.width === 0) this.width = 2 ** Math.ceil(Math.log2(largest / ZERO));
    while (largest >= this.width * ZERO) this.widen(bins);
    const factor = 1 / this.width;
    for (let i = 0; i < values.length; i++) bins[Math.floor(values[i]! * factor) + ZERO]!++;
  }

  /** Puts the counts of two neighbours into one bin of twice the width. */
  private widen(bins: Float64Array): void {
    const before = bins.slice();
    bins.fill(0);
    for (let i = 0; i < BINS; i++) bins[((i - ZERO) >> 1) + ZERO]! += before[i]!;
    this.width *= 2;
  }

  private addSums(values: Float32Array): void {
    const { sums } = this;
    if (!sums) return;
    const channels = sums.length;
    for (let start = 0; start < values.length; start += channels)
      for (let channel = 0; channel < channels; channel++) sums[channel]! += values[start + channel]!;
  }
}
