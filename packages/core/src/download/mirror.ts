import * as v from 'valibot';
import { CnnzooError } from '../util/index.js';
import { byteCount, sha256Digits } from '../util/schema.js';
import type { MirrorFile, MirrorIndex } from './mirror-layout.js';

/** Returns true for a part of a path inside a mirror: no step up (not as `%2e` either), no beginning of a query or root. */
const isName = (part: string): boolean => !/^(?:\.|%2e){0,2}$/i.test(part) && !/[\\?#:\p{Cc}\p{Cs}]/u.test(part);

const Path = v.pipe(
  v.string(),
  v.check((path) => path.split('/').every(isName), 'expected the path of a file inside the mirror'),
);

const Index = v.object({
  format: v.literal(1),
  files: v.pipe(
    v.custom<object>((files) => !Array.isArray(files), 'expected an object'),
    v.record(Path, v.object({ sha256: sha256Digits, bytes: byteCount, model: v.string(), weights: v.string() })),
  ),
});

/**
 * Parses a mirror's index.
 * @throws CnnzooError FORMAT.
 */
export function parseMirrorIndex(text: string, name: string): MirrorIndex {
  const damaged = (received: string, cause?: unknown) =>
    new CnnzooError(
      'FORMAT',
      `${name}: expected a mirror's index, received ${received}. Make the mirror with \`port --all\` of the same version.`,
      { cause },
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged(`${JSON.stringify(text.slice(0, 40))}…, which is not JSON`, cause);
  }
  const { success, output, issues } = v.safeParse(Index, json);
  if (success) return output;
  const [{ message }] = issues;
  throw damaged(`one whose ${v.getDotPath(issues[0]) ?? 'content'} is wrong: ${message}`);
}

/** Finds the file of an entry's weights, and its path inside the mirror; undefined if the mirror lacks it. */
export function findInMirror(
  index: MirrorIndex,
  model: string,
  weights: string,
): (MirrorFile & { readonly path: string }) | undefined {
  for (const [path, file] of Object.entries(index.files))
    if (file.model === model && file.weights === weights) return { ...file, path };
  return undefined;
}
