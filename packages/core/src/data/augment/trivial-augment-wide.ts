import { type Augment, type PixelImage, requireBytes, withRecipe } from './augment.js';
import {
  adjustBrightness,
  adjustContrast,
  adjustSaturation,
  adjustSharpness,
  autocontrast,
  equalize,
  posterize,
  solarize,
} from './colour.js';
import { rotate, shear, translate } from './geometry.js';

type Bytes = PixelImage<Uint8Array>;

interface Operation {
  readonly apply: (image: Bytes, magnitude: number) => PixelImage;
  /** Magnitude of each bin. Operations without a magnitude have one bin, 0. */
  readonly magnitudes: readonly number[];
  /** true if the sign of the magnitude is drawn, too. */
  readonly signed: boolean;
}

const BINS = 31;
const bins = (magnitude: (i: number) => number): number[] => Array.from({ length: BINS }, (_, i) => magnitude(i));

/**
 * Returns torch.linspace(0, end, 31) in float32. It counts up from the start and down from the end to the middle, with
 * one rounding there (a fused multiply-add). So the middle may be 15.999999 pixels, not 16, which is then truncated.
 */
function upTo(end: number): number[] {
  const { fround } = Math;
  const step = fround(fround(end) / (BINS - 1));
  return bins((i) => (i < Math.floor(BINS / 2) ? fround(step * i) : fround(fround(end) - step * (BINS - 1 - i))));
}

const plain = (apply: (image: Bytes) => PixelImage): Operation => ({ apply, magnitudes: [0], signed: false });
const signed = (end: number, apply: Operation['apply']): Operation => ({ apply, magnitudes: upTo(end), signed: true });

/** Operations of torchvision's TrivialAugmentWide._augmentation_space, in its order. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  Identity: plain((image) => image),
  ShearX: signed(0.99, (image, m) => shear(image, m, 0)),
  ShearY: signed(0.99, (image, m) => shear(image, 0, m)),
  TranslateX: signed(32, (image, m) => translate(image, Math.trunc(m), 0)),
  TranslateY: signed(32, (image, m) => translate(image, 0, Math.trunc(m))),
  Rotate: signed(135, rotate),
  Brightness: signed(0.99, (image, m) => adjustBrightness(image, 1 + m)),
  Color: signed(0.99, (image, m) => adjustSaturation(image, 1 + m)),
  Contrast: signed(0.99, (image, m) => adjustContrast(image, 1 + m)),
  Sharpness: signed(0.99, (image, m) => adjustSharpness(image, 1 + m)),
  // 8 bits to 2 bits.
  Posterize: { apply: posterize, magnitudes: bins((i) => 8 - roundHalfToEven(i / ((BINS - 1) / 6))), signed: false },
  Solarize: { apply: solarize, magnitudes: upTo(255).reverse(), signed: false },
  AutoContrast: plain(autocontrast),
  Equalize: plain(equalize),
};

/** Rounds as torch.round. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Applies one of fourteen operations with one of 31 magnitudes, all equally probable, as torchvision's
 * TrivialAugmentWide (Müller and Hutter, 2021).
 *
 * @returns an augmentation of images of bytes, grey or RGB.
 * @example
 * ```ts
 * import { compose, horizontalFlip, randomResizedCrop, trivialAugmentWide } from '@cnnzoo/core/data';
 *
 * const augment = compose(randomResizedCrop(176), horizontalFlip(), trivialAugmentWide());
 * ```
 */
export function trivialAugmentWide(): Augment {
  const operations = Object.values(OPERATIONS);
  return withRecipe('trivialAugmentWide', [], (image, random) => {
    const { apply, magnitudes, signed } = operations[random.integer(operations.length)]!;
    const magnitude = magnitudes[random.integer(magnitudes.length)]!;
    const sign = signed && random.integer(2) === 1 ? -1 : 1;
    return apply(requireBytes('trivialAugmentWide', image), sign * magnitude);
  });
}
