import * as v from 'valibot';

/** Largest side of an image, in pixels. */
const MAX_SIDE = 2 ** 15;
/** Number of pixels that Pillow refuses as an attack. */
const MAX_PIXELS = 178_956_970;

const side = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_SIDE));
const finite = v.pipe(v.number(), v.finite());

/** Schema of a `Preprocessing` in a file. */
export const preprocessingSchema = v.pipe(
  v.strictObject({
    resize: v.nullable(side),
    crop: v.pipe(
      v.strictTuple([side, side]),
      v.check(([height, width]) => height * width <= MAX_PIXELS, 'expected a crop of fewer pixels'),
    ),
    channels: v.picklist([1, 3]),
    mean: v.array(finite),
    std: v.array(v.pipe(finite, v.gtValue(0))),
    interpolation: v.literal('bilinear'),
  }),
  v.check(
    ({ channels, mean, std }) => mean.length === channels && std.length === channels,
    'expected a mean and a standard deviation per channel',
  ),
);
