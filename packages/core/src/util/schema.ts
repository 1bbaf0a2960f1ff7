import * as v from 'valibot';

/** The whole sha256 of a file, as lower-case digits. */
export const sha256Digits = v.pipe(
  v.string(),
  v.regex(/^[\da-f]{64}$/i, 'expected the 64 hexadecimal digits of a sha256'),
  v.toLowerCase(),
);

/** Size of a file. */
export const byteCount = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Text that can be part of a path or URL: without halves of surrogate pairs. */
export const wholeText = v.pipe(
  v.string(),
  v.check((text) => !/\p{Cs}/u.test(text), 'expected text without lone surrogates'),
);
