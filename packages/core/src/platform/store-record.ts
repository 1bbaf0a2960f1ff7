import * as v from 'valibot';
import { byteCount, sha256Digits, wholeText } from '../util/schema.js';
import type { CacheRecord, PartOrigin } from './store.js';

/**
 * Schema of the name of a file beside its record. The name can't lead to another directory, since the file may be
 * deleted by it.
 */
const FileName = v.pipe(
  wholeText,
  v.regex(/^[^/\\\p{Cc}]*[^/\\\p{Cc}.][^/\\\p{Cc}]*$/u, 'expected the name of a file'),
  v.check((name) => !/\.json$/i.test(name), 'expected the name of a checkpoint'),
);

const Record = v.object({
  format: v.literal(1),
  model: wholeText,
  weights: wholeText,
  file: FileName,
  bytes: byteCount,
  sha256: sha256Digits,
  source: v.string(),
  verified: v.boolean(),
  when: v.string(),
  fetched: v.exactOptional(sha256Digits),
});

const Origin = v.object({
  url: v.string(),
  validator: v.nullable(v.string()),
  total: v.nullable(byteCount),
  files: v.exactOptional(v.array(FileName)),
});

/** Parses the text of a cache record. undefined if it is none. */
export const parseRecord = (text: string): CacheRecord | undefined => parse(Record, text);

/** Parses the text beside a partial download. undefined if it is none. */
export const parseOrigin = (text: string): PartOrigin | undefined => parse(Origin, text);

function parse<Schema extends v.GenericSchema>(schema: Schema, text: string): v.InferOutput<Schema> | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { success, output } = v.safeParse(schema, json);
  return success ? output : undefined;
}
