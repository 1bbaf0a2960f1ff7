import { crc32 } from '#platform';
import { inflate } from '../inflate.js';
import { ascii } from './ascii.js';
import type { PngHeader, Refuse } from './container.js';

const SIGNATURE = 8;
/** Bytes of a chunk's length and type, and of its checksum. */
const LEAD = 8;
const CHECKSUM = 4;
const HEADER = 13;

/** By the header's number: the kind, and its depths. */
const COLOURS: Readonly<Record<number, readonly [PngHeader['colour'], readonly number[]]>> = {
  0: ['grey', [1, 2, 4, 8, 16]],
  2: ['rgb', [8, 16]],
  3: ['palette', [1, 2, 4, 8]],
  4: ['grey-alpha', [8, 16]],
  6: ['rgb-alpha', [8, 16]],
};

/** Keys of texts that hold metadata: Adobe's, and ImageMagick's for EXIF. */
const XMP = 'XML:com.adobe.xmp';
const RAW_EXIF = 'Raw profile type exif';

/** Bytes of a text's key. */
const LONGEST_KEY = 79;

/** Bytes that a compressed text may become: Pillow's limit. */
const MOST_TEXT = 2 ** 20;

interface Chunk {
  readonly type: string;
  readonly body: Uint8Array;
  /** Returns true if the checksum fits. */
  whole(): boolean;
}

/** A PNG's chunks up to IEND; a last one that the file's end cuts off is handed out as far as it goes. */
function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE; at + LEAD <= bytes.length; ) {
    const type = ascii(bytes, at + 4, at + LEAD);
    const end = at + LEAD + view.getUint32(at);
    const checked = bytes.subarray(at + 4, end);
    const whole = (): boolean => end + CHECKSUM <= bytes.length && crc32(checked) === view.getUint32(end);
    if (type === 'IEND') return;
    yield { type, body: bytes.subarray(at + LEAD, end), whole };
    at = end + CHECKSUM;
  }
}

function readHeader(chunk: Chunk | undefined, refuse: Refuse): Omit<PngHeader, 'palette' | 'data'> {
  if (!chunk) return refuse('one that ends before its header (truncated)');
  const { type, body } = chunk;
  if (type !== 'IHDR' || body.length < HEADER) return refuse(`one that begins with ${type} instead of a header`);
  if (!chunk.whole()) return refuse('one whose header is damaged (its checksum does not fit)');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const [depth, kind, , filter, interlace] = body.subarray(LEAD);
  const [colour, depths] = COLOURS[kind!] ?? refuse(`one of the unknown colour type ${kind}`);
  if (!depths.includes(depth!)) refuse(`one of ${depth} bits a sample in colour type ${kind}`);
  if (filter !== 0 || interlace! > 1) refuse('one of an unknown filter or interlace method');
  return { width: view.getUint32(0), height: view.getUint32(4), depth: depth!, colour, interlaced: interlace === 1 };
}

const endOfText = (bytes: Uint8Array, at: number): number => {
  const end = bytes.indexOf(0, at);
  return end < 0 ? bytes.length : end;
};

function inflated(bytes: Uint8Array): Uint8Array {
  const { data, status } = inflate([bytes], MOST_TEXT);
  return status === 'whole' ? data : new Uint8Array();
}

/** The key and the text of a tEXt, zTXt or iTXt chunk (PNG specification, third edition, section 11.3.3). */
function readText({ type, body }: Chunk): { key: string; text: Uint8Array } | undefined {
  const keyEnd = endOfText(body, 0);
  const key = ascii(body, 0, Math.min(keyEnd, LONGEST_KEY));
  if (key !== XMP && key !== RAW_EXIF) return undefined;
  if (type === 'tEXt') return { key, text: body.subarray(keyEnd + 1) };
  // A byte names the compression method, of which there is one.
  if (type === 'zTXt') return { key, text: inflated(body.subarray(keyEnd + 2)) };
  const compressed = body[keyEnd + 1] === 1;
  const language = endOfText(body, keyEnd + 3);
  const text = body.subarray(endOfText(body, language + 1) + 1);
  return { key, text: compressed ? inflated(text) : text };
}

/** The EXIF block that ImageMagick writes as text: an empty line, a name and a length, then hexadecimal digits. */
function fromRawProfile(text: Uint8Array): Uint8Array | undefined {
  const digits = new TextDecoder('latin1').decode(text).split('\n').slice(3).join('').replace(/\s/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) return undefined;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/**
 * Reads of a PNG what its pixels and their orientation depend on: IHDR, PLTE, IDAT, and eXIf and texts whose checksums
 * fit (PNG specification, third edition). Whatever else a file holds, and however damaged, is left alone, as are
 * IDAT's checksums: the zlib stream has one of its own. tRNS is not needed, because alpha is dropped.
 */
export function readPng(bytes: Uint8Array, refuse: Refuse): PngHeader {
  const chunks = chunksOf(bytes);
  const header = readHeader(chunks.next().value ?? undefined, refuse);
  const data: Uint8Array[] = [];
  let palette: Uint8Array | undefined;
  let exif: Uint8Array | undefined;
  let raw: Uint8Array | undefined;
  let xmp: string | undefined;
  for (const chunk of chunks) {
    const { type, body } = chunk;
    if (type === 'IDAT') data.push(body);
    if (type === 'PLTE' && data.length === 0) {
      if (!chunk.whole()) refuse('one whose palette is damaged (its checksum does not fit)');
      palette = body;
    }
    if (type === 'eXIf' && chunk.whole()) exif = body;
    if (type !== 'tEXt' && type !== 'zTXt' && type !== 'iTXt') continue;
    const entry = readText(chunk);
    if (!entry || !chunk.whole()) continue;
    if (entry.key === XMP) xmp = new TextDecoder('latin1').decode(entry.text);
    else raw = fromRawProfile(entry.text);
  }
  if (data.length === 0) refuse('one without pixels (truncated?)');
  if (header.colour === 'palette' && !palette) refuse('one of a palette that it does not have');
  return { ...header, palette, data, exif: exif ?? raw, xmp };
}
