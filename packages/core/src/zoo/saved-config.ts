import * as v from 'valibot';
import type { TensorFile } from '../checkpoint/index.js';
import type { ModelNote, OutputActivation } from '../graph/index.js';
import type { Preprocessing } from '../images/index.js';
import { preprocessingSchema } from '../images/schema.js';
import { CnnzooError } from '../util/index.js';

/** Version of the saved description. */
export const SAVE_FORMAT = 1;
/** Key of safetensors' metadata that holds the description, as JSON. */
export const CONFIG_KEY = 'cnnzoo.config';

/** Description of a saved classifier beside its weights: all that `load` needs to build the net again. */
export interface SavedConfig {
  readonly format: typeof SAVE_FORMAT;
  readonly note: ModelNote | null;
  /** Layers, as tfjs describes them. */
  readonly topology: { readonly className: string; readonly config: unknown };
  readonly preprocessing: Preprocessing;
  readonly categories: readonly string[] | null;
  readonly weights: string | null;
  /** Function from logits to scores. Undefined in files of earlier versions. */
  readonly activation?: OutputActivation;
}

/** A field of a later version is an error, since it would be lost. */
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
  preprocessing: preprocessingSchema,
  categories: v.nullable(v.pipe(v.array(v.string()), v.minLength(1))),
  weights: v.nullable(v.string()),
  activation: v.optional(v.picklist(['softmax', 'sigmoid'])),
});

/** Parses the description of a saved classifier. `checkTopology` checks the net in it. */
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

const headFacts = v.object({
  categories: v.nullable(v.array(v.string())),
  activation: v.optional(v.picklist(['softmax', 'sigmoid'])),
});

/** Reads the facts of the head that `save` wrote beside the weights; undefined if there are none. */
export function savedHead({ metadata }: TensorFile): v.InferOutput<typeof headFacts> | undefined {
  try {
    const { success, output } = v.safeParse(headFacts, JSON.parse(metadata[CONFIG_KEY] ?? 'null'));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}
