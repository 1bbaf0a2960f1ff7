import { Header } from './ops';

/** Returns a word of the descriptor at d. `field` comes from the op's enum. */
export function word(d: usize, field: i32): i32 {
  return load<i32>(d + ((<usize>(Header.words + field)) << 2));
}

/** Returns a word of the descriptor that holds an address or a distance in bytes. */
export function address(d: usize, field: i32): usize {
  return <usize>word(d, field);
}

/** Returns a float from the word of the descriptor that holds its bits (`floatBits` in src/engine). */
export function float(d: usize, field: i32): f32 {
  return reinterpret<f32>(word(d, field));
}
