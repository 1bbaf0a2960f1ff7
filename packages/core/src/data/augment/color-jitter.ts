import { checkOptions } from '../../options.js';
import type { Random } from '../../random.js';
import {
  type Augment,
  checkRange,
  type PixelImage,
  type Range,
  requireBytes,
  uniformIn,
  withRecipe,
} from './augment.js';
import { adjustBrightness, adjustContrast, adjustSaturation } from './ops/enhance.js';
import { adjustHue } from './ops/hue.js';

export interface ColorJitterOptions {
  /** A factor from [max(0, 1 - brightness), 1 + brightness]; or the range itself. */
  brightness?: number | Range;
  /** As brightness. */
  contrast?: number | Range;
  /** As brightness. */
  saturation?: number | Range;
  /** A turn from [-hue, hue], as a share of the whole circle: 0 to 0.5; or the range itself. */
  hue?: number | Range;
}

type Adjust = (image: PixelImage<Uint8Array>, factor: number) => PixelImage<Uint8Array>;

const ADJUST: Readonly<Record<keyof ColorJitterOptions, { by: Adjust; around: 0 | 1; bounds: Range }>> = {
  brightness: { by: adjustBrightness, around: 1, bounds: [0, Number.MAX_VALUE] },
  contrast: { by: adjustContrast, around: 1, bounds: [0, Number.MAX_VALUE] },
  saturation: { by: adjustSaturation, around: 1, bounds: [0, Number.MAX_VALUE] },
  hue: { by: adjustHue, around: 0, bounds: [-0.5, 0.5] },
};

/**
 * Changes brightness, contrast, saturation and hue by random factors, in a random order: torchvision's ColorJitter.
 * What is not named stays. For images of bytes; a grey one has no saturation and no hue to change.
 */
export function colorJitter(options: ColorJitterOptions): Augment {
  checkOptions('colorJitter', options, Object.keys(ADJUST));
  const changes = (Object.keys(ADJUST) as (keyof ColorJitterOptions)[]).flatMap((name) => {
    const given = options[name];
    if (given === undefined || given === 0) return [];
    const { by, around, bounds } = ADJUST[name];
    if (typeof given === 'number') checkRange(`colorJitter: ${name}`, [0, given], [0, bounds[1]]);
    const least = around === 1 ? 0 : Number.NEGATIVE_INFINITY;
    const range: Range = typeof given === 'number' ? [Math.max(least, around - given), around + given] : given;
    checkRange(`colorJitter: ${name}`, range, bounds);
    return [(image: PixelImage<Uint8Array>, random: Random) => by(image, uniformIn(range, random))];
  });
  return withRecipe('colorJitter', [options], (image, random) =>
    random
      .shuffle([...changes])
      .reduce((changed, change) => change(changed, random), requireBytes('colorJitter', image)),
  );
}
