import { Header } from './ops';

/** A word of the descriptor at d: one of the enum of the op's fields. */
export function word(d: usize, field: i32): i32 {
  return load<i32>(d + ((<usize>(Header.words + field)) << 2));
}

/** A word of the descriptor that holds an address or a distance in bytes. */
export function address(d: usize, field: i32): usize {
  return <usize>word(d, field);
}

/** A word of the descriptor that holds the bits of a float (`floatBits` on the other side). */
export function float(d: usize, field: i32): f32 {
  return reinterpret<f32>(word(d, field));
}
