import * as v from 'valibot';

/** Schema of a whole sha256: 64 hexadecimal digits, which become lower-case. */
export const sha256Digits = v.pipe(
  v.string(),
  v.regex(/^[\da-f]{64}$/i, 'expected the 64 hexadecimal digits of a sha256'),
  v.toLowerCase(),
);

/** Schema of a number of bytes: a safe integer of at least 0. */
export const byteCount = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Schema of text that can be part of a path or URL: without lone surrogates. */
export const wholeText = v.pipe(
  v.string(),
  v.check((text) => !/\p{Cs}/u.test(text), 'expected text without lone surrogates'),
);
