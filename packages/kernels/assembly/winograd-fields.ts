/*
 * Words of the descriptors of winograd-3x3.ts, winograd-5x5.ts and winograd-4x4.ts. Distances are in bytes. A "tile" is 4 x 4 (or 6 x 6)
 * pixels of a padded map, or the 2 x 2 (or 4 x 4) outputs that they give. Maps of values per tile are [16 (or 36)
 * planes][tiles][channels], with one plane for each position in a tile.
 */

/** Words of the transforms of inputs and of gradients of outputs. */
export enum TileInputField {
  /** Address of a map that is padded to whole tiles. */
  map,
  mapImage,
  mapRow,
  mapPixel,
  channels,
  /** Tiles in a column and in a row of an image, and the pixels from one tile to the next. */
  tileRows,
  tileColumns,
  tileStep,
  /** First tile of this dispatch among all tiles, and the number of tiles in it. */
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
  /** Address of the map of the outputs, and the distances between its images, rows and pixels. */
  output,
  outImage,
  outRow,
  outPixel,
  outHeight,
  outWidth,
  /** Address of one float a channel, or 0. */
  bias,
  activation,
  /** 1 to add to the values that the output holds, before the activation; else 0. */
  accumulate,
}

export enum WinogradFilterField {
  source,
  /** Address of the distances to the taps. */
  tapTable,
  rows,
  columns,
  rowStep,
  columnStep,
  /** Address of the planes of packed panels, one for each position. */
  output,
  outputPlane,
}

export enum WinogradFilterGradientField {
  /** Address of [planes][rows x columns]. */
  input,
  inputPlane,
  /** Address of [taps][rows x columns]. */
  output,
  outputTap,
  /** Number of values of a plane, and of vectors in one task. */
  values,
  valuesPerTask,
}

/** Words of a convolution from one map into another, in tiles of 4 x 4 outputs. */
export enum Winograd4x4Field {
  /** Address of a map that is padded to whole tiles. */
  map,
  mapImage,
  mapRow,
  mapPixel,
  inputChannels,
  /** Address of the planes of packed panels, and the distance between planes. */
  weights,
  weightsPlane,
  /** Tiles in a column and in a row of an image, and in all images. */
  tileRows,
  tileColumns,
  tiles,
  /** Tiles and panels of one task. */
  tilesPerTask,
  panelsPerTask,
  /** Address of the map of the outputs, and the distances between its images, rows and pixels. */
  output,
  outImage,
  outRow,
  outPixel,
  outHeight,
  outWidth,
  channels,
  /** Address of as many floats as the panels have columns, or 0. */
  bias,
  activation,
  /** 1 to add to the values that the output holds, before the activation; else 0. */
  accumulate,
}
