import { Activation } from './convolution-fields';
import { address, word } from './descriptor';
import { TileInputField, TileOutputField } from './winograd-fields';

/**
 * Returns the address in a padded map at which a tile of the input, or of the output's gradient, begins.
 */
export function tileOfMap(d: usize, tile: i32): usize {
  const rows = word(d, TileInputField.tileRows);
  const columns = word(d, TileInputField.tileColumns);
  const step = word(d, TileInputField.tileStep);
  return (
    address(d, TileInputField.map) +
    <usize>(tile / (rows * columns)) * address(d, TileInputField.mapImage) +
    <usize>(((tile / columns) % rows) * step) * address(d, TileInputField.mapRow) +
    <usize>((tile % columns) * step) * address(d, TileInputField.mapPixel)
  );
}

/** Returns the address at which the 2 x 2 outputs of a tile begin. */
export function tileOfOutput(d: usize, tile: i32): usize {
  const rows = word(d, TileOutputField.tileRows);
  const columns = word(d, TileOutputField.tileColumns);
  return (
    address(d, TileOutputField.output) +
    <usize>(tile / (rows * columns)) * address(d, TileOutputField.outImage) +
    <usize>(((tile / columns) % rows) << 1) * address(d, TileOutputField.outRow) +
    <usize>((tile % columns) << 1) * address(d, TileOutputField.outPixel)
  );
}

/** Returns true if the right column of a tile's 2 x 2 outputs lies in the output. */
export function hasRight(d: usize, tile: i32): bool {
  return ((tile % word(d, TileOutputField.tileColumns)) << 1) + 1 < word(d, TileOutputField.outWidth);
}

/** Returns true if the lower row of a tile's 2 x 2 outputs lies in the output. */
export function hasLower(d: usize, tile: i32): bool {
  const row = (tile / word(d, TileOutputField.tileColumns)) % word(d, TileOutputField.tileRows);
  return (row << 1) + 1 < word(d, TileOutputField.outHeight);
}

/** Applies the activation to a sum. */
export function activated(y: v128, activation: i32): v128 {
  if (activation === Activation.linear) return y;
  y = f32x4.max(y, f32x4.splat(0));
  return activation === Activation.relu6 ? f32x4.min(y, f32x4.splat(6)) : y;
}

/** Stores a sum with its bias and activation, added to the value that is there or in its place. */
export function finish(to: usize, from: usize, bias: v128, activation: i32, accumulate: bool): void {
  let y = f32x4.add(v128.load(from), bias);
  if (accumulate) y = f32x4.add(y, v128.load(to));
  v128.store(to, activated(y, activation));
}
