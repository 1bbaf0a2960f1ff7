/** From pixels to what a net was trained on: torchvision's ImageClassification transform. */
export interface Preprocessing {
  /** The shorter side after resizing, in pixels; null where the image is resized straight to the crop. */
  readonly resize: number | null;
  /** Height and width of the centre crop, in pixels. */
  readonly crop: readonly [height: number, width: number];
  /** RGB or grey. */
  readonly channels: 1 | 3;
  /** Per channel, on the scale 0..1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly interpolation: 'bilinear';
}
