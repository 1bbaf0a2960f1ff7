import { CnnzooError } from './errors.js';

/** State of a `Random`: four 32-bit words. */
export type RandomState = readonly [number, number, number, number];

/** Number of layers of the ziggurat, start of its tail, and area of a layer (Marsaglia and Tsang, 2000). */
const LAYERS = 128;
const TAIL = 3.442619855899;
const LAYER_AREA = 9.91256303526217e-3;

/** Bound of the draws, which are integers from -DRAW to DRAW - 1. */
const DRAW = 2 ** 24;

/** Words that are drawn at a time. */
const BLOCK = 4096;

/** Tables of the ziggurat, with one value for each layer. */
interface Ziggurat {
  /** Magnitude below which a draw lies inside the layer's rectangle. */
  readonly inside: Int32Array;
  /** Factor from a draw to a normal deviate. */
  readonly scale: Float64Array;
  /** Density at the layer's edge. */
  readonly density: Float64Array;
}

let ziggurat: Ziggurat | undefined;

function makeZiggurat(): Ziggurat {
  const inside = new Int32Array(LAYERS);
  const scale = new Float64Array(LAYERS);
  const density = new Float64Array(LAYERS);
  const f = (x: number): number => Math.exp(-0.5 * x * x);
  let x = TAIL;
  let previous = TAIL;
  const base = LAYER_AREA / f(x);
  inside[0] = (x / base) * DRAW;
  scale[0] = base / DRAW;
  density[0] = 1;
  scale[LAYERS - 1] = x / DRAW;
  density[LAYERS - 1] = f(x);
  for (let i = LAYERS - 2; i > 0; i--) {
    x = Math.sqrt(-2 * Math.log(LAYER_AREA / x + f(x)));
    inside[i + 1] = (x / previous) * DRAW;
    previous = x;
    density[i] = f(x);
    scale[i] = x / DRAW;
  }
  inside[1] = 0;
  return { inside, scale, density };
}

/**
 * Seeded random generator (sfc32, from PractRand by Chris Doty-Humphrey). All random choices of a training draw from
 * one of these, so that a seed repeats the training and a training checkpoint can hold the generator's state.
 *
 * @example
 * ```ts
 * import { Random } from '@cnnzoo/core';
 *
 * const random = new Random(1);
 * random.integer(6) + 1; // a die: 1 to 6
 * const { state } = random; // later: random.state = state
 * ```
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter: number;

  /**
   * Creates a generator.
   *
   * @param seed Any finite number. Default: a random one.
   * @throws CnnzooError INPUT if the seed is not finite.
   */
  constructor(seed: number = Math.random() * 2 ** 53) {
    if (!Number.isFinite(seed))
      throw new CnnzooError('INPUT', `Expected a finite number as seed, received ${String(seed)}.`);
    this.a = seed | 0;
    this.b = Math.floor(seed / 2 ** 32) | 0;
    this.c = 0x9e3779b9 | 0;
    this.counter = 1;
    // The first outputs of neighbouring seeds are similar, so 12 of them are thrown away, as the author of sfc32
    // advises.
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** State, from which another generator continues the same stream. */
  get state(): RandomState {
    return [this.a, this.b, this.c, this.counter];
  }

  set state([a, b, c, counter]: RandomState) {
    this.a = a;
    this.b = b;
    this.c = c;
    this.counter = counter;
  }

  /** Returns an integer from 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Returns a number in [0, 1). */
  uniform(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Returns an integer in [0, n). `n` is at most 2^32. */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Fills `out` with numbers in [low, high), and returns `out`. */
  fillUniform(out: Float32Array, low = 0, high = 1): Float32Array {
    const scale = (high - low) / 2 ** 32;
    const words = new Uint32Array(Math.min(out.length, BLOCK));
    for (let start = 0; start < out.length; start += BLOCK) {
      const count = Math.min(BLOCK, out.length - start);
      this.fillWords(words, count);
      for (let i = 0; i < count; i++) out[start + i] = low + words[i]! * scale;
    }
    return out;
  }

  /** Fills `out` with normal deviates by the ziggurat method (Marsaglia and Tsang, 2000), and returns `out`. */
  fillNormal(out: Float32Array, mean = 0, std = 1): Float32Array {
    ziggurat ??= makeZiggurat();
    const { inside, scale } = ziggurat;
    const words = new Uint32Array(Math.min(out.length, BLOCK));
    for (let start = 0; start < out.length; start += BLOCK) {
      const count = Math.min(BLOCK, out.length - start);
      this.fillWords(words, count);
      for (let i = 0; i < count; i++) {
        // Seven bits choose the layer. The other 25 place the point in the layer: they are independent of the seven,
        // and more than the 24 bits of a float32's mantissa.
        const layer = words[i]! & (LAYERS - 1);
        const draw = (words[i]! | 0) >> 7;
        const x = Math.abs(draw) < inside[layer]! ? draw * scale[layer]! : this.outside(ziggurat, layer, draw);
        out[start + i] = mean + std * x;
      }
    }
    return out;
  }

  /** Shuffles an array in place (Fisher and Yates), and returns it. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }

  /**
   * Fills `out` with the next `count` words. A loop over local variables is several times as fast as calls of `uint32`.
   */
  private fillWords(out: Uint32Array, count: number): void {
    let { a, b, c, counter } = this;
    for (let i = 0; i < count; i++) {
      const sum = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      out[i] = sum;
    }
    this.state = [a, b, c, counter];
  }

  /** Returns a deviate for a draw outside its layer's rectangle, as one draw in eighty is. */
  private outside(ziggurat: Ziggurat, layer: number, draw: number): number {
    const { inside, scale, density } = ziggurat;
    for (;;) {
      const x = draw * scale[layer]!;
      if (Math.abs(draw) < inside[layer]!) return x;
      if (layer === 0) return draw > 0 ? this.tail() : -this.tail();
      const height = density[layer]! + this.uniform() * (density[layer - 1]! - density[layer]!);
      if (height < Math.exp(-0.5 * x * x)) return x;
      const word = this.uint32();
      layer = word & (LAYERS - 1);
      draw = (word | 0) >> 7;
    }
  }

  /** Returns a positive deviate from the tail, beyond the ziggurat's bottom layer. */
  private tail(): number {
    for (;;) {
      const x = -Math.log(1 - this.uniform()) / TAIL;
      const y = -Math.log(1 - this.uniform());
      if (y + y >= x * x) return TAIL + x;
    }
  }
}

let current: Random | undefined;

/**
 * Runs `work` with `random` as the generator that `currentRandom` returns: for dropout and initial values. `work` is
 * synchronous.
 */
export function withRandom<T>(random: Random, work: () => T): T {
  const outer = current;
  current = random;
  try {
    return work();
  } finally {
    current = outer;
  }
}

/** Returns the generator of the training in progress. Outside of one, returns a generator with a random seed. */
export function currentRandom(): Random {
  current ??= new Random();
  return current;
}
