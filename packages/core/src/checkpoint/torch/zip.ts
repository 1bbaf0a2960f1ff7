import { crc32 } from '#platform';
import { CnnzooError } from '../../util/index.js';
import type { ByteSource, ReadBuffer } from '../../util/late.js';

/** A reader of zip archives (APPNOTE.TXT 6.3.10), as far as `torch.save` writes them: no encryption, one disk. */
export interface Zip {
  readonly names: readonly string[];
  /** The whole content of an entry, its CRC-32 checked where the archive has any; it may lie in `into`. */
  read(name: string, into?: ReadBuffer): Promise<Uint8Array>;
}

interface Entry {
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

const STORED = 0;
const DEFLATED = 8;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_SIZE = 22;
const MAX_COMMENT = 0xffff;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Deflate makes at most 258 bytes of two bits. */
const MAX_RATIO = 1032;

/** Unpacks to `size` bytes, or rejects: never more, whatever the entry unfolds to. */
async function inflate(packed: Uint8Array, size: number): Promise<Uint8Array> {
  if (size > MAX_RATIO * packed.length) throw new RangeError(`${packed.length} bytes can't hold ${size}`);
  const content = new Uint8Array(size);
  const reader = new Blob([packed as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream('deflate-raw'))
    .getReader();
  let at = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      // Throws where it does not fit.
      content.set(part.value, at);
      at += part.value.length;
    }
  } finally {
    await reader.cancel();
  }
  if (at < size) throw new RangeError(`expected ${size} bytes, received ${at}`);
  return content;
}

export const isZip = (start: Uint8Array): boolean => start.length >= 4 && viewOf(start).getUint32(0, true) === LOCAL;

/** Reads the archive's directory. `intact`: the hash of the whole archive was found right. */
export async function readZip(source: ByteSource, intact: boolean): Promise<Zip> {
  const damaged = (why: string): CnnzooError =>
    new CnnzooError('FORMAT', `'${source.name}' is not a whole zip archive: ${why}. Fetch the file again.`);
  const directory = await findDirectory(source, damaged);
  const entries = readDirectory(directory.bytes, directory.count, damaged);
  // torch.serialization.set_crc32_options(False) leaves 0 in the place of each.
  const hasChecksums = !intact && [...entries.values()].some(({ crc }) => crc !== 0);

  return {
    names: [...entries.keys()],
    read: async (name, into) => {
      const entry = entries.get(name);
      if (!entry) throw damaged(`it lacks '${name}'`);
      const { method, crc, packed, size, offset } = entry;
      if (offset + 30 > source.size) throw damaged(`'${name}' lies outside of it`);
      const local = viewOf(await source.read(offset, 30));
      if (local.getUint32(0, true) !== LOCAL) throw damaged(`'${name}' is not where its directory says`);
      // The local header has a name and padding of its own; torch aligns the data by it.
      const begin = offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
      if (begin + packed > source.size) throw damaged(`'${name}' lies outside of it`);
      const raw = await source.read(begin, packed, into);
      if (method !== STORED && method !== DEFLATED) throw damaged(`'${name}' is packed by an unknown method ${method}`);
      const content =
        method === STORED ? raw : await inflate(raw, size).catch(() => Promise.reject(damaged(`'${name}' is damaged`)));
      if (content.length !== size || (hasChecksums && crc32(content) !== crc))
        throw new CnnzooError(
          'HASH',
          `'${source.name}': the checksum of '${name}' is wrong, so its bytes are damaged. Fetch the file again.`,
        );
      return content;
    },
  };
}

async function findDirectory(
  source: ByteSource,
  damaged: (why: string) => CnnzooError,
): Promise<{ bytes: Uint8Array; count: number }> {
  const tailSize = Math.min(source.size, END_SIZE + MAX_COMMENT);
  const tail = await source.read(source.size - tailSize, tailSize);
  const view = viewOf(tail);
  let end = tail.length - END_SIZE;
  // Bytes behind the archive are read over, as torch does.
  while (
    end >= 0 &&
    !(view.getUint32(end, true) === END && end + END_SIZE + view.getUint16(end + 20, true) <= tail.length)
  )
    end--;
  if (end < 0) throw damaged('it has no directory at its end');
  let count = view.getUint16(end + 10, true);
  let size = view.getUint32(end + 12, true);
  let offset = view.getUint32(end + 16, true);
  const locator = end - 20;
  if (locator >= 0 && view.getUint32(locator, true) === LOCATOR_64) {
    const at = Number(view.getBigUint64(locator + 8, true));
    if (at + 56 > source.size) throw damaged('its directory lies outside of it');
    const record = viewOf(await source.read(at, 56));
    if (record.getUint32(0, true) !== END_64) throw damaged('its directory is not where it says');
    count = Number(record.getBigUint64(32, true));
    size = Number(record.getBigUint64(40, true));
    offset = Number(record.getBigUint64(48, true));
  }
  if (offset + size > source.size) throw damaged('its directory lies outside of it');
  return { bytes: await source.read(offset, size), count };
}

function readDirectory(
  bytes: Uint8Array,
  count: number,
  damaged: (why: string) => CnnzooError,
): ReadonlyMap<string, Entry> {
  const view = viewOf(bytes);
  const entries = new Map<string, Entry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL) throw damaged('its directory is cut short');
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map((o) => view.getUint16(at + o, true)) as [
      number,
      number,
      number,
    ];
    const next = at + 46 + nameSize + extraSize + commentSize;
    if (next > bytes.length) throw damaged('its directory is cut short');
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameSize));
    if (view.getUint16(at + 8, true) & 1) throw damaged(`'${name}' is encrypted`);
    const wide = readWide(view, at + 46 + nameSize, extraSize, [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ]);
    if (entries.has(name)) throw damaged(`it holds '${name}' twice`);
    entries.set(name, {
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      size: wide[0],
      packed: wide[1],
      offset: wide[2],
    });
    at = next;
  }
  return entries;
}

/** Sizes and offset, taken from the zip64 extra field where the 32-bit ones are full. */
function readWide(
  view: DataView,
  start: number,
  length: number,
  narrow: [number, number, number],
): [number, number, number] {
  let at = start;
  while (at + 4 <= start + length) {
    const size = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) {
      let field = at + 4;
      return narrow.map((value) => {
        if (value !== 0xffffffff || field + 8 > start + length) return value;
        field += 8;
        return Number(view.getBigUint64(field - 8, true));
      }) as [number, number, number];
    }
    at += 4 + size;
  }
  return narrow;
}
