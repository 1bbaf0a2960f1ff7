import { Activation } from './convolution-fields';
import { multiplyAdd } from './simd';

/*
 * Innermost loops: 2 rows x 16 columns of a product in 8 accumulators. With the 3 operands they take 11 of the 15
 * vector registers that V8 assigns; larger tiles spill and run at half the speed. Sums start from zero and are then
 * added to the output, so that no chain of float32 additions becomes long.
 */

/** Flag of the first part of a sum: it overwrites the output. */
export const FIRST: i32 = 1;
/** Flag of the last part of a sum: bias and activation follow. */
export const LAST: i32 = 2;

/**
 * Multiplies two output positions by one panel: sums over `runs` runs of `length` floats each.
 *
 * @param table address of the distances from `input0` and `input1` to the runs
 * @param bias 0, or the address of 16 floats
 */
export function convolveTile(
  table: usize,
  runs: i32,
  length: i32,
  input0: usize,
  input1: usize,
  panel: usize,
  output0: usize,
  output1: usize,
  part: i32,
  bias: usize,
  activation: i32,
): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  do {
    const distance = <usize>load<i32>(table);
    let x = input0 + distance;
    let y = input1 + distance;
    let left = length;
    do {
      const s = v128.load32_splat(x);
      const t = v128.load32_splat(y);
      let w = v128.load(panel);
      a0 = multiplyAdd(s, w, a0);
      b0 = multiplyAdd(t, w, b0);
      w = v128.load(panel, 16);
      a1 = multiplyAdd(s, w, a1);
      b1 = multiplyAdd(t, w, b1);
      w = v128.load(panel, 32);
      a2 = multiplyAdd(s, w, a2);
      b2 = multiplyAdd(t, w, b2);
      w = v128.load(panel, 48);
      a3 = multiplyAdd(s, w, a3);
      b3 = multiplyAdd(t, w, b3);
      x += 4;
      y += 4;
      panel += 64;
    } while (--left);
    table += 4;
  } while (--runs);
  if (!(part & FIRST)) {
    a0 = f32x4.add(a0, v128.load(output0));
    a1 = f32x4.add(a1, v128.load(output0, 16));
    a2 = f32x4.add(a2, v128.load(output0, 32));
    a3 = f32x4.add(a3, v128.load(output0, 48));
    b0 = f32x4.add(b0, v128.load(output1));
    b1 = f32x4.add(b1, v128.load(output1, 16));
    b2 = f32x4.add(b2, v128.load(output1, 32));
    b3 = f32x4.add(b3, v128.load(output1, 48));
  }
  if (part & LAST) {
    if (bias) {
      let w = v128.load(bias);
      a0 = f32x4.add(a0, w);
      b0 = f32x4.add(b0, w);
      w = v128.load(bias, 16);
      a1 = f32x4.add(a1, w);
      b1 = f32x4.add(b1, w);
      w = v128.load(bias, 32);
      a2 = f32x4.add(a2, w);
      b2 = f32x4.add(b2, w);
      w = v128.load(bias, 48);
      a3 = f32x4.add(a3, w);
      b3 = f32x4.add(b3, w);
    }
    if (activation !== Activation.linear) {
      const zero = f32x4.splat(0);
      a0 = f32x4.max(a0, zero);
      a1 = f32x4.max(a1, zero);
      a2 = f32x4.max(a2, zero);
      a3 = f32x4.max(a3, zero);
      b0 = f32x4.max(b0, zero);
      b1 = f32x4.max(b1, zero);
      b2 = f32x4.max(b2, zero);
      b3 = f32x4.max(b3, zero);
    }
    if (activation === Activation.relu6) {
      const six = f32x4.splat(6);
      a0 = f32x4.min(a0, six);
      a1 = f32x4.min(a1, six);
      a2 = f32x4.min(a2, six);
      a3 = f32x4.min(a3, six);
      b0 = f32x4.min(b0, six);
      b1 = f32x4.min(b1, six);
      b2 = f32x4.min(b2, six);
      b3 = f32x4.min(b3, six);
    }
  }
  v128.store(output0, a0);
  v128.store(output0, a1, 16);
  v128.store(output0, a2, 32);
  v128.store(output0, a3, 48);
  v128.store(output1, b0);
  v128.store(output1, b1, 16);
  v128.store(output1, b2, 32);
  v128.store(output1, b3, 48);
}

/**
 * Computes two rows of a filter's gradient: sums over `length` positions of pairs [length][2] times one panel. It
 * overwrites its output, unlike `convolveTile`: loading the output first made V8's loop 12 % slower.
 */
export function gradientTile(length: i32, pairs: usize, panel: usize, output0: usize, output1: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  do {
    const s = v128.load32_splat(pairs);
    const t = v128.load32_splat(pairs, 4);
    let w = v128.load(panel);
    a0 = multiplyAdd(s, w, a0);
    b0 = multiplyAdd(t, w, b0);
    w = v128.load(panel, 16);
    a1 = multiplyAdd(s, w, a1);
    b1 = multiplyAdd(t, w, b1);
    w = v128.load(panel, 32);
    a2 = multiplyAdd(s, w, a2);
    b2 = multiplyAdd(t, w, b2);
    w = v128.load(panel, 48);
    a3 = multiplyAdd(s, w, a3);
    b3 = multiplyAdd(t, w, b3);
    pairs += 8;
    panel += 64;
  } while (--length);
  v128.store(output0, a0);
  v128.store(output0, a1, 16);
  v128.store(output0, a2, 32);
  v128.store(output0, a3, 48);
  v128.store(output1, b0);
  v128.store(output1, b1, 16);
  v128.store(output1, b2, 32);
  v128.store(output1, b3, 48);
}

/** Copies a few floats, for which `memory.copy` would cost a call out of WebAssembly. */
export function copyFloats(to: usize, from: usize, count: i32): void {
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) store<f32>(to + i, load<f32>(from + i));
}

/** Adds a few floats to others, or overwrites them. */
export function mergeFloats(to: usize, from: usize, count: i32, add: bool): void {
  if (!add) {
    copyFloats(to, from, count);
    return;
  }
  const end = (<usize>count) << 2;
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(from + i)));
  for (; i < end; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(from + i));
}
