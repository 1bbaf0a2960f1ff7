import * as v from 'valibot';
import { CnnzooError } from '../errors.js';
import { SAVE_FORMAT, type SavedConfig } from '../save.js';

/** Sides of images, in pixels. */
const MAX_SIDE = 2 ** 15;
/** Pixels that Pillow takes for an attack. */
const MAX_PIXELS = 178_956_970;

const side = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_SIDE));
const finite = v.pipe(v.number(), v.finite());

const preprocessing = v.pipe(
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

/** A field of a later version is an error: what it says would be lost. */
const savedConfig = v.strictObject({
  format: v.literal(SAVE_FORMAT),
  note: v.nullable(
    v.strictObject({
      model: v.string(),
      head: v.pipe(v.string(), v.minLength(1)),
      auxiliaryHeads: v.optional(v.array(v.pipe(v.string(), v.minLength(1)))),
    }),
  ),
  topology: v.strictObject({ className: v.string(), config: v.record(v.string(), v.unknown()) }),
  preprocessing,
  categories: v.nullable(v.pipe(v.array(v.string()), v.minLength(1))),
  weights: v.nullable(v.string()),
  activation: v.optional(v.picklist(['softmax', 'sigmoid'])),
});

/** Reads the description of a saved net from its file's metadata. The net itself is checked by `checkTopology`. */
export function parseSavedConfig(text: string | undefined, name: string): SavedConfig {
  const expected = `load('${name}'): expected a file written by a Classifier's save`;
  if (text === undefined)
    throw new CnnzooError(
      'FORMAT',
      `${expected}, received weights alone. ` +
        'Build the net and use loadStateDict, or pass the file to pretrained({ weights }).',
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CnnzooError('FORMAT', `${expected}, received a damaged description. Save the net again.`, { cause });
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (format !== SAVE_FORMAT)
    throw new CnnzooError(
      'FORMAT',
      `${expected} (format ${SAVE_FORMAT}), received format ${JSON.stringify(format)}. Update @cnnzoo/core.`,
    );
  const result = v.safeParse(savedConfig, value, { abortEarly: true });
  if (result.success) return result.output as SavedConfig;
  const [issue] = result.issues;
  throw new CnnzooError(
    'FORMAT',
    `${expected}, received a damaged description, or one of a later version: ${v.getDotPath(issue) ?? 'it'}: ` +
      `${issue.message.slice(0, 200)}. Update @cnnzoo/core, or save the net again.`,
  );
}
