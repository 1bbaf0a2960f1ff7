import { Z_BUF_ERROR, Z_NO_FLUSH, Z_OK, Z_STREAM_END, ZStream, zlibInflate, zlibInflateInit } from 'pako';
import { crc32 } from '#platform';
import type { PngHeader, Refuse } from './header.js';
import { ascii, type DecodedImage } from './image.js';

const SIGNATURE = 8;
/** Bytes of a chunk's length and type, and of its checksum. */
const LEAD = 8;
const CHECKSUM = 4;
const HEADER = 13;

/** Colour types by their number in the header: kind, and allowed bit depths. */
const COLOURS: Readonly<Record<number, readonly [PngHeader['colour'], readonly number[]]>> = {
  0: ['grey', [1, 2, 4, 8, 16]],
  2: ['rgb', [8, 16]],
  3: ['palette', [1, 2, 4, 8]],
  4: ['grey-alpha', [8, 16]],
  6: ['rgb-alpha', [8, 16]],
};

/** Keys of text chunks that hold metadata: XMP's, and ImageMagick's for EXIF. */
const XMP = 'XML:com.adobe.xmp';
const RAW_EXIF = 'Raw profile type exif';

/** Most bytes of a text chunk's key. */
const LONGEST_KEY = 79;

/** Most bytes that a compressed text may have inflated: Pillow's limit. */
const MOST_TEXT = 2 ** 20;

interface Chunk {
  readonly type: string;
  readonly body: Uint8Array;
  /** Returns true if the checksum fits. */
  whole(): boolean;
}

/**
 * Yields the chunks of a PNG before IEND. If the file is cut off inside a chunk, that chunk has the bytes that are
 * there.
 */
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

/**
 * Returns key and text of a tEXt, zTXt or iTXt chunk (PNG specification, third edition, section 11.3.3). undefined if
 * its key is not one of metadata.
 */
function readText({ type, body }: Chunk): { key: string; text: Uint8Array } | undefined {
  const keyEnd = endOfText(body, 0);
  const key = ascii(body, 0, Math.min(keyEnd, LONGEST_KEY));
  if (key !== XMP && key !== RAW_EXIF) return undefined;
  if (type === 'tEXt') return { key, text: body.subarray(keyEnd + 1) };
  // One byte names the compression method; there is only one.
  if (type === 'zTXt') return { key, text: inflated(body.subarray(keyEnd + 2)) };
  const compressed = body[keyEnd + 1] === 1;
  const language = endOfText(body, keyEnd + 3);
  const text = body.subarray(endOfText(body, language + 1) + 1);
  return { key, text: compressed ? inflated(text) : text };
}

/**
 * Returns the EXIF block that ImageMagick writes as text: an empty line, a name, a length, then hexadecimal digits.
 * undefined if the text is damaged.
 */
function fromRawProfile(text: Uint8Array): Uint8Array | undefined {
  const digits = new TextDecoder('latin1').decode(text).split('\n').slice(3).join('').replace(/\s/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) return undefined;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/**
 * Reads the parts of a PNG that pixels and orientation depend on: IHDR, PLTE, IDAT, eXIf and texts with metadata (PNG
 * specification, third edition). All other chunks are skipped, damaged ones too. A damaged eXIf or text is ignored.
 * IDAT's checksums are not compared, since the zlib stream has its own. tRNS is not read, because alpha is dropped.
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

/** Result of `inflate`. */
export interface Inflated {
  /** Inflated bytes: at most as many as asked for. */
  readonly data: Uint8Array;
  /**
   * 'whole': the stream ends here, and its checksum fits. 'more': the stream continues. 'cut': the input ends too
   * early.
   */
  readonly status: 'whole' | 'more' | 'cut' | 'damaged';
}

/**
 * Inflates a zlib stream into at most `most` bytes of memory.
 *
 * @param parts The stream, in parts.
 */
export function inflate(parts: readonly Uint8Array[], most: number): Inflated {
  const stream = new ZStream();
  zlibInflateInit(stream);
  // One byte more than `most`: zlib reads the checksum, at the stream's end, only if there is room left.
  const output = new Uint8Array(most + 1);
  stream.output = output;
  stream.avail_out = output.length;
  const result = (status: Inflated['status']): Inflated => ({
    data: output.subarray(0, Math.min(stream.next_out, most)),
    status,
  });
  for (const part of parts) {
    stream.input = part;
    stream.next_in = 0;
    stream.avail_in = part.length;
    while (stream.avail_in > 0) {
      const status = zlibInflate(stream, Z_NO_FLUSH);
      if (status === Z_STREAM_END) return result('whole');
      if (stream.avail_out === 0) return result('more');
      if (status === Z_BUF_ERROR) break;
      if (status !== Z_OK) return result('damaged');
    }
  }
  return result('cut');
}

/** Stored samples of a pixel, by colour type. */
const SAMPLES = { grey: 1, rgb: 3, palette: 1, 'grey-alpha': 2, 'rgb-alpha': 4 } as const;

/**
 * Bytes that one compressed byte may become: more than zlib's maximum of 1032. Memory is taken only for what the
 * compressed bytes can fill.
 */
const MAX_INFLATION = 1100;

/** Pass of an interlaced image: the pixels in every `stepX`th column of every `stepY`th row, starting at (x, y). */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly width: number;
  readonly height: number;
}

/** Passes of Adam7 as [x, y, stepX, stepY]: PNG specification, third edition, section 8.1. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Returns the passes that have pixels. An image that is not interlaced is one pass. */
function passesOf({ width, height, interlaced }: PngHeader): Pass[] {
  if (!interlaced) return [{ x: 0, y: 0, stepX: 1, stepY: 1, width, height }];
  return ADAM7.map(([x, y, stepX, stepY]) => ({
    x,
    y,
    stepX,
    stepY,
    width: Math.ceil((width - x) / stepX),
    height: Math.ceil((height - y) / stepY),
  })).filter((pass) => pass.width > 0 && pass.height > 0);
}

/** Returns whichever of left, upper and upperLeft is nearest to left + upper - upperLeft (section 9.4). */
function paeth(left: number, upper: number, upperLeft: number): number {
  const estimate = left + upper - upperLeft;
  const a = Math.abs(estimate - left);
  const b = Math.abs(estimate - upper);
  const c = Math.abs(estimate - upperLeft);
  if (a <= b && a <= c) return left;
  return b <= c ? upper : upperLeft;
}

/**
 * Undoes the filter of a row in place (section 9.2).
 *
 * @param above The unfiltered row above, or zeros.
 * @param step Bytes from a byte of a pixel to the same byte of the next pixel.
 */
function unfilter(type: number, row: Uint8Array, above: Uint8Array, step: number): void {
  const { length } = row;
  if (type === 1) for (let i = step; i < length; i++) row[i]! += row[i - step]!;
  else if (type === 2) for (let i = 0; i < length; i++) row[i]! += above[i]!;
  else if (type === 3) {
    for (let i = 0; i < step; i++) row[i]! += above[i]! >> 1;
    for (let i = step; i < length; i++) row[i]! += (row[i - step]! + above[i]!) >> 1;
  } else if (type === 4) {
    for (let i = 0; i < step; i++) row[i]! += above[i]!;
    for (let i = step; i < length; i++) row[i]! += paeth(row[i - step]!, above[i]!, above[i - step]!);
  } else if (type !== 0) throw new Error(`its rows have the unknown filter ${type}`);
}

/** Writes the samples of a row of less than 8 bits per sample to `out`, one byte each, unscaled. */
function unpack(row: Uint8Array, depth: number, out: Uint8Array): void {
  const perByte = 8 / depth;
  const mask = 2 ** depth - 1;
  for (let i = 0; i < out.length; i++)
    out[i] = (row[Math.floor(i / perByte)]! >> (8 - depth * ((i % perByte) + 1))) & mask;
}

/** Returns a function that writes the pixels of a row, grey or RGB, to `out` from `to`, `step` bytes apart. */
function writerOf({ colour, depth, palette }: PngHeader, out: Uint8Array) {
  const sample = depth === 16 ? 2 : 1;
  const stored = SAMPLES[colour] * sample;
  if (colour === 'palette') {
    // Indices beyond the end of the palette are black.
    const table = new Uint8Array(3 * 256);
    table.set(palette!.subarray(0, table.length));
    return (row: Uint8Array, count: number, to: number, step: number): void => {
      for (let i = 0; i < count; i++, to += step) {
        const from = 3 * row[i]!;
        out[to] = table[from]!;
        out[to + 1] = table[from + 1]!;
        out[to + 2] = table[from + 2]!;
      }
    };
  }
  if (SAMPLES[colour] >= 3)
    return (row: Uint8Array, count: number, to: number, step: number): void => {
      for (let i = 0, from = 0; i < count; i++, to += step, from += stored) {
        out[to] = row[from]!;
        out[to + 1] = row[from + sample]!;
        out[to + 2] = row[from + 2 * sample]!;
      }
    };
  const scale = depth < 8 ? 255 / (2 ** depth - 1) : 1;
  return (row: Uint8Array, count: number, to: number, step: number): void => {
    for (let i = 0, from = 0; i < count; i++, to += step, from += stored) out[to] = row[from]! * scale;
  };
}

/**
 * Decodes the pixels of a PNG, to grey or RGB. Alpha and tRNS are dropped; 16-bit samples become their high byte.
 *
 * @throws Error if the pixels are damaged or not all there.
 */
export function decodePng(header: PngHeader): DecodedImage {
  const { width, height, depth, colour, data } = header;
  const bits = depth * SAMPLES[colour];
  const lineOf = (pass: Pass): number => Math.ceil((pass.width * bits) / 8);
  const passes = passesOf(header);
  const needed = passes.reduce((sum, pass) => sum + pass.height * (1 + lineOf(pass)), 0);
  const compressed = data.reduce((sum, { length }) => sum + length, 0);
  if (needed > MAX_INFLATION * compressed) throw new Error('its pixels are not all there (truncated)');
  const { data: raw, status } = inflate(data, needed);
  if (status === 'damaged') throw new Error('its compressed pixels are damaged');
  if (raw.length < needed) throw new Error('its pixels are not all there (truncated)');
  const channels = colour === 'grey' || colour === 'grey-alpha' ? 1 : 3;
  const out = new Uint8Array(width * height * channels);
  const write = writerOf(header, out);
  const pixel = Math.max(1, bits / 8);
  let at = 0;
  for (const pass of passes) {
    const line = lineOf(pass);
    const samples = depth < 8 ? new Uint8Array(pass.width) : undefined;
    let above = new Uint8Array(line);
    for (let y = 0; y < pass.height; y++, at += 1 + line) {
      const row = raw.subarray(at + 1, at + 1 + line) as Uint8Array<ArrayBuffer>;
      unfilter(raw[at]!, row, above, pixel);
      if (samples) unpack(row, depth, samples);
      const to = ((pass.y + y * pass.stepY) * width + pass.x) * channels;
      write(samples ?? row, pass.width, to, pass.stepX * channels);
      above = row;
    }
  }
  return { data: out, width, height, channels };
}
