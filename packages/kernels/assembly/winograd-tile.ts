import { Activation } from './convolution-fields';
import { address, word } from './descriptor';
import { TileInputField, TileOutputField } from './winograd-fields';

/** Where the input of a tile, or its 2 x 2 values of a gradient, begin in a padded map. */
export function tileOfMap(d: usize, tile: i32): usize {
  const rows = word(d, TileInputField.tileRows);
  const columns = word(d, TileInputField.tileColumns);
  const pixel = address(d, TileInputField.channels) << 2;
  return (
    address(d, TileInputField.map) +
    <usize>(tile / (rows * columns)) * address(d, TileInputField.mapImage) +
    <usize>(((tile / columns) % rows) << 1) * address(d, TileInputField.mapRow) +
    <usize>((tile % columns) << 1) * pixel
  );
}

/** Where the 2 x 2 outputs of a tile begin. */
export function tileOfOutput(d: usize, tile: i32): usize {
  const rows = word(d, TileOutputField.tileRows);
  const columns = word(d, TileOutputField.tileColumns);
  const height = word(d, TileOutputField.outHeight);
  const width = word(d, TileOutputField.outWidth);
  const i = ((tile / columns) % rows) << 1;
  const j = (tile % columns) << 1;
  const position = ((tile / (rows * columns)) * height + i) * width + j;
  return address(d, TileOutputField.output) + ((<usize>position * address(d, TileOutputField.channels)) << 2);
}

/** Of the 2 x 2 outputs of a tile: whether the right ones, and the lower ones, are in the output. */
export function hasRight(d: usize, tile: i32): bool {
  return ((tile % word(d, TileOutputField.tileColumns)) << 1) + 1 < word(d, TileOutputField.outWidth);
}

export function hasLower(d: usize, tile: i32): bool {
  const row = (tile / word(d, TileOutputField.tileColumns)) % word(d, TileOutputField.tileRows);
  return (row << 1) + 1 < word(d, TileOutputField.outHeight);
}

/** The activation of a sum. */
export function activated(y: v128, activation: i32): v128 {
  if (activation === Activation.linear) return y;
  y = f32x4.max(y, f32x4.splat(0));
  return activation === Activation.relu6 ? f32x4.min(y, f32x4.splat(6)) : y;
}
