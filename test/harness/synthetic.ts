import type { StateDict, StateTensor } from '@cnnzoo/core';

/*
 * Seeded checkpoints and images that are bit for bit those of tools/weights/torch/synthetic.py. A golden is then just a
 * few logits, and no checkpoint has to be downloaded or kept.
 */

/** Returns the 32-bit FNV-1a hash of the UTF-8 bytes. */
function fnv1a(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}

/** Returns `count` numbers in [low, high) by mulberry32 (Tommy Ettinger), seeded with the hash of `key`. */
export function uniform(key: string, count: number, low: number, high: number): Float32Array {
  const out = new Float32Array(count);
  let state = fnv1a(key);
  for (let i = 0; i < count; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    out[i] = low + (high - low) * (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32);
  }
  return out;
}

const product = (shape: readonly number[]): number => shape.reduce((total, n) => total * n, 1);

/** Returns the range of a tensor's values, chosen so that activations at any depth are of order one. */
function bounds(key: string, shape: readonly number[]): readonly [number, number] {
  const kind = key.slice(key.lastIndexOf('.') + 1);
  if (kind === 'running_var') return [0.5, 1.5];
  if (kind === 'running_mean' || kind === 'bias') return [-0.1, 0.1];
  if (shape.length === 1) return [0.5, 1];
  const bound = Math.sqrt(6 / product(shape.slice(1)));
  return [-bound, bound];
}

/** Makes a checkpoint with the keys and shapes of `like`. Another `seed` gives other values. */
export const syntheticCheckpoint = (like: StateDict, seed = ''): StateDict =>
  new Map(
    [...like].map(([key, { shape }]): [string, StateTensor] => [
      key,
      { shape, dtype: 'float32', data: uniform(seed + key, product(shape), ...bounds(key, shape)) },
    ]),
  );

/** Makes an image of [height, width, channels] values in [-2, 2), from the channels-first values that Python draws. */
export function syntheticImage(height: number, width: number, channels: number, seed = ''): Float32Array {
  const drawn = uniform(`${seed}input`, channels * height * width, -2, 2);
  const out = new Float32Array(drawn.length);
  for (let c = 0; c < channels; c++)
    for (let pixel = 0; pixel < height * width; pixel++) out[pixel * channels + c] = drawn[c * height * width + pixel]!;
  return out;
}
