/* Loops that show the limits of a processor, for bench/roofline. */

/** Multiplies and adds in the form that takes the fewest instructions: V8 adds to the sum in place. */
function step(sum: v128, x: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, sum);
  // The product of x and y would be computed once, before the loop.
  return f32x4.add(f32x4.mul(sum, x), y);
}

/**
 * Does `count` times 12 multiplications and additions of four floats each, in registers alone. `p` and `q` are near 1 and 0, and no
 * constants: V8 of Node 24 builds a constant vector anew at each use.
 */
export function multiplyAdds(count: i32, p: f32, q: f32): f32 {
  const x = f32x4.splat(p);
  const y = f32x4.splat(q);
  let a = f32x4.splat(p + 0);
  let b = f32x4.splat(p + 1);
  let c = f32x4.splat(p + 2);
  let d = f32x4.splat(p + 3);
  let e = f32x4.splat(p + 4);
  let f = f32x4.splat(p + 5);
  let g = f32x4.splat(p + 6);
  let h = f32x4.splat(p + 7);
  let i = f32x4.splat(p + 8);
  let j = f32x4.splat(p + 9);
  let k = f32x4.splat(p + 10);
  let l = f32x4.splat(p + 11);
  do {
    a = step(a, x, y);
    b = step(b, x, y);
    c = step(c, x, y);
    d = step(d, x, y);
    e = step(e, x, y);
    f = step(f, x, y);
    g = step(g, x, y);
    h = step(h, x, y);
    i = step(i, x, y);
    j = step(j, x, y);
    k = step(k, x, y);
    l = step(l, x, y);
  } while (--count);
  const abcd = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  const efgh = f32x4.add(f32x4.add(e, f), f32x4.add(g, h));
  const ijkl = f32x4.add(f32x4.add(i, j), f32x4.add(k, l));
  return f32x4.extract_lane(f32x4.add(abcd, f32x4.add(efgh, ijkl)), 0);
}

/** Sums `bytes` of memory from `from` on, a multiple of 64. */
export function readAll(from: usize, bytes: usize): f32 {
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (const end = from + bytes; from < end; from += 64) {
    a = f32x4.add(a, v128.load(from));
    b = f32x4.add(b, v128.load(from, 16));
    c = f32x4.add(c, v128.load(from, 32));
    d = f32x4.add(d, v128.load(from, 48));
  }
  return f32x4.extract_lane(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), 0);
}
