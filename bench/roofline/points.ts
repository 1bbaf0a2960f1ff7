/** Pass of a layer: what it reaches, and floating-point operations a byte of its operands. */
export interface Point {
  readonly layer: string;
  readonly pass: 'forward' | 'input gradient' | 'filter gradient';
  /** True if Winograd's filtering computes it. */
  readonly isWinograd: boolean;
  /** 10^9 operations of the direct algorithm a second; a multiplication and an addition are two. */
  readonly gflops: number;
  /** Operations of the direct algorithm a byte of input, output and filter. */
  readonly intensity: number;
}

/** Figures of one version of Node. */
export interface Measured {
  readonly node: string;
  readonly threads: number;
  /** True if a multiplication and an addition are one instruction. */
  readonly fused: boolean;
  /** 10^9 operations a second of a loop of multiplications and additions in registers. */
  readonly peak: number;
  /** 10^9 bytes a second of a loop that reads 64 MB a thread. */
  readonly bandwidth: number;
  readonly points: readonly Point[];
}

export interface Roofline {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly date: string };
  readonly measured: readonly Measured[];
}
