/*
 * Words of the descriptors of winograd-3x3.ts and winograd-5x5.ts. Distances are in bytes. A "tile" is 4 x 4 (6 x 6) pixels
 * of a padded map, or the 2 x 2 that it gives; maps of values per tile are [16 (36) planes][tiles][channels], one plane for
 * each position in a tile.
 */

/** For inputs, whose tiles begin two pixels after each other, and for gradients of outputs, in tiles of 2 x 2. */
export enum TileInputField {
  /** A map that is padded to whole tiles. */
  map,
  mapImage,
  mapRow,
  channels,
  /** Tiles of an image: in a column, in a row. */
  tileRows,
  tileColumns,
  /** The first tile of all that this dispatch transforms, and how many. */
  firstTile,
  tiles,
  tilesPerTask,
  output,
  outputPlane,
}

export enum TileOutputField {
  input,
  inputPlane,
  channels,
  tileRows,
  tileColumns,
  firstTile,
  tiles,
  tilesPerTask,
  /** [images, outHeight, outWidth, channels] */
  output,
  outHeight,
  outWidth,
  /** 0, or the address of as many values as there are channels. */
  bias,
  activation,
}

export enum WinogradFilterField {
  source,
  /** Distances to the taps. */
  tapTable,
  rows,
  columns,
  rowStep,
  columnStep,
  /** A plane of packed panels for each position. */
  output,
  outputPlane,
}

export enum WinogradFilterGradientField {
  /** [planes][rows x columns] */
  input,
  inputPlane,
  /** [taps][rows x columns] */
  output,
  outputTap,
  /** Values of a plane, and how many vectors of them are one task. */
  values,
  valuesPerTask,
}
