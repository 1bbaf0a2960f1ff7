/** The whole state of a generator: four 32-bit words. */
export type RandomState = readonly [number, number, number, number];

/**
 * A small, fast, seeded generator (sfc32, from PractRand by Chris Doty-Humphrey). Everything random in a run draws
 * from one of these, so that a seed repeats the run and a checkpoint can hold its state.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  /** @param seed any finite number; without one, a different stream each time. */
  constructor(seed: number = Math.random() * 2 ** 53) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = 0x9e3779b9 | 0;
    this.#counter = 1;
    // Neighbouring seeds start alike; the first outputs are thrown away to part them, as the author advises.
    for (let i = 0; i < 12; i++) this.uint32();
  }

  get state(): RandomState {
    return [this.#a, this.#b, this.#c, this.#counter];
  }

  set state([a, b, c, counter]: RandomState) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = counter;
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A number in [0, 1). */
  uniform(): number {
    return this.uint32() / 2 ** 32;
  }

  /** An integer in [0, n). */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Fills with numbers in [low, high). */
  fillUniform(out: Float32Array, low = 0, high = 1): Float32Array {
    const scale = (high - low) / 2 ** 32;
    for (let i = 0; i < out.length; i++) out[i] = low + this.uint32() * scale;
    return out;
  }

  /** Fills with normal deviates (Marsaglia's polar method, "A convenient method for generating normal variables"). */
  fillNormal(out: Float32Array, mean = 0, std = 1): Float32Array {
    for (let i = 0; i < out.length; i += 2) {
      let u: number;
      let v: number;
      let s: number;
      do {
        u = this.uint32() / 2 ** 31 - 1;
        v = this.uint32() / 2 ** 31 - 1;
        s = u * u + v * v;
      } while (s >= 1 || s === 0);
      const scale = std * Math.sqrt((-2 * Math.log(s)) / s);
      out[i] = mean + u * scale;
      if (i + 1 < out.length) out[i + 1] = mean + v * scale;
    }
    return out;
  }

  /** Shuffles in place (Fisher and Yates). */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }
}
