import { CnnzooError, numel } from '../util/index.js';
import type { ByteSource } from '../util/late.js';
import { isStored, STORED, toTensor } from './dtypes.js';
import type { LazyTensor, TensorFile } from './tensors.js';

/** The format's own limit on its header (https://github.com/huggingface/safetensors, "Format"). */
const MAX_HEADER = 100_000_000;

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function isEntry(value: unknown): value is HeaderEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<HeaderEntry>;
  return (
    typeof dtype === 'string' &&
    Array.isArray(shape) &&
    shape.every(isCount) &&
    Array.isArray(offsets) &&
    offsets.length === 2 &&
    offsets.every(isCount)
  );
}

/** Returns true if an object in the JSON has one key twice: `JSON.parse` would keep the last of them in silence. */
function repeatsKey(json: string): boolean {
  const open: Set<string>[] = [];
  const afterKey = /\s*:/y;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '{') open.push(new Set());
    else if (char === '}') open.pop();
    if (char !== '"') continue;
    const start = at++;
    while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
    afterKey.lastIndex = at + 1;
    if (!afterKey.test(json)) continue;
    const key = JSON.parse(json.slice(start, at + 1)) as string;
    if (open.at(-1)!.has(key)) return true;
    open.at(-1)!.add(key);
  }
  return false;
}

/** Parses the header into its pairs, in the file's order. */
function parseHeader(text: string, damaged: (why: string) => CnnzooError): Map<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw damaged('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw damaged('its header is no object');
  if (repeatsKey(text)) throw damaged('its header has a key twice');
  return new Map(Object.entries(header));
}

export const isSafetensors = (start: Uint8Array, size: number): boolean => {
  if (start.length < 9) return false;
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  return length >= 2n && length <= BigInt(Math.min(size - 8, MAX_HEADER)) && start[8] === 0x7b;
};

/** Reads a safetensors file. Every offset is checked before any value is read. */
export async function readSafetensors(source: ByteSource): Promise<TensorFile> {
  const damaged = (why: string): CnnzooError =>
    new CnnzooError('FORMAT', `'${source.name}' is not a whole safetensors file: ${why}. Fetch the file again.`);
  if (source.size < 8) throw damaged(`it has ${source.size} bytes`);
  const start = await source.read(0, 8);
  const length = Number(new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER || length > source.size - 8)
    throw damaged(`its header says ${length} bytes, and ${source.size - 8} are left`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await source.read(8, length));
  } catch (error) {
    throw error instanceof CnnzooError ? error : damaged('its header is not UTF-8');
  }
  const header = parseHeader(text, damaged);
  const data = 8 + length;

  const metadata: Record<string, string> = Object.create(null);
  const tensors = new Map<string, LazyTensor>();
  const spans: [number, number][] = [];
  for (const [key, value] of header) {
    if (key === '__metadata__') {
      if (typeof value !== 'object' || value === null) throw damaged('its metadata is no object');
      for (const [name, entry] of Object.entries(value)) {
        if (typeof entry !== 'string') throw damaged(`its metadata '${name}' is no string`);
        metadata[name] = entry;
      }
      continue;
    }
    if (!isEntry(value)) throw damaged(`the header of '${key}' lacks a type, shape or offsets`);
    const { dtype: stored, shape, data_offsets: offsets } = value;
    if (!isStored(stored))
      throw new CnnzooError(
        'FORMAT',
        `'${source.name}' holds '${key}' as ${stored}: expected one of ${Object.keys(STORED).join(', ')}.`,
      );
    const [begin, end] = offsets;
    const size = numel(shape) * STORED[stored].bytes;
    if (end < begin || end - begin !== size || data + end > source.size)
      throw damaged(`'${key}' lies at ${begin} to ${end}, with ${size} bytes of ${source.size - data}`);
    spans.push([begin, end]);
    tensors.set(key, {
      shape,
      dtype: STORED[stored].dtype,
      stored,
      read: async (into) => toTensor(await source.read(data + begin, size, into), stored, shape),
      ...(source.readInto && { readInto: (target: Uint8Array) => source.readInto!(target, data + begin) }),
    });
  }
  spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let covered = 0;
  for (const [begin, end] of spans) {
    if (begin !== covered) throw damaged(`its tensors overlap, or leave a gap, at byte ${Math.min(begin, covered)}`);
    covered = end;
  }
  if (data + covered !== source.size) throw damaged(`expected ${data + covered} bytes, received ${source.size}`);
  return { format: 'safetensors', tensors, metadata, inert: [], close: () => source.close() };
}
