import { RESIZE } from './generated/resize.js';

/** Image whose lines are filtered, row-major. */
export interface Lines {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  /** Bytes of a pixel. The fourth, alpha, is left out of what is filtered along x. */
  readonly channels: number;
}

/**
 * Filter of one axis. For each output position: the first input position that counts (`first`), the number of positions
 * that count, and their weights, whose sum is 2 ** 22.
 */
export interface LineFilter {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  /** Length of each output position's slice of `weights`. */
  readonly stride: number;
}

/** Filters of 8-bit images by WebAssembly. */
export interface LineFilters {
  /**
   * Filters all rows along x.
   *
   * @param left column of the whole line, to which the filter refers, that is the image's first column.
   * @returns a grey image for a grey one, else RGB.
   */
  rows(image: Lines, left: number, filter: LineFilter): Uint8Array;
  /**
   * Filters all columns along y.
   *
   * @param top row of the whole column, to which the filter refers, that is the image's first row.
   * @returns as many channels as the image has.
   */
  columns(image: Lines, top: number, filter: LineFilter): Uint8Array;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  filterRow(
    line: number,
    channels: number,
    first: number,
    count: number,
    weights: number,
    stride: number,
    columns: number,
    out: number,
  ): void;
  filterColumns(lines: number, length: number, count: number, weights: number, out: number): void;
}

const PAGE = 2 ** 16;

/** Bytes that an image takes in the module's memory at a time, so that the memory does not grow with the images. */
const BAND = 2 ** 19;

/** Bytes after a line, or before an area, that the module may read or write. */
const MARGIN = 16;

const rounded = (bytes: number): number => Math.ceil(bytes / MARGIN) * MARGIN;

class WasmLineFilters implements LineFilters {
  constructor(private readonly wasm: Exports) {}

  rows({ data, width, height, channels }: Lines, left: number, filter: LineFilter): Uint8Array {
    const columns = filter.first.length;
    const [read, written] = [width * channels, columns * (channels === 1 ? 1 : 3)];
    const out = new Uint8Array(height * written);
    const band = Math.max(1, Math.floor(BAND / Math.max(read, written)));
    const place = this.place(filter, band * read, band * written);
    for (let y = 0; y < height; y += band) {
      const lines = Math.min(band, height - y);
      place.bytes.set(data.subarray(y * read, (y + lines) * read), place.in);
      for (let i = 0; i < lines; i++)
        this.wasm.filterRow(
          place.in + i * read - left * channels,
          channels,
          place.first,
          place.count,
          place.weights,
          filter.stride,
          columns,
          place.out + i * written,
        );
      out.set(place.bytes.subarray(place.out, place.out + lines * written), y * written);
    }
    return out;
  }

  columns({ data, width, channels }: Lines, top: number, filter: LineFilter): Uint8Array {
    const { first, count, stride } = filter;
    const length = width * channels;
    const out = new Uint8Array(first.length * length);
    const most = count.reduce((a, b) => Math.max(a, b), 0);
    const place = this.place(filter, Math.max(BAND, most * length), Math.max(BAND, length));
    for (let y = 0; y < first.length; ) {
      const from = first[y]!;
      // As many rows of the result as the lines in memory give.
      let rows = 0;
      let to = from;
      while (y + rows < first.length && (rows + 1) * length <= Math.max(BAND, length)) {
        const end = first[y + rows]! + count[y + rows]!;
        if (rows > 0 && (end - from) * length > BAND) break;
        to = Math.max(to, end);
        rows++;
      }
      place.bytes.set(data.subarray((from - top) * length, (to - top) * length), place.in);
      for (let i = 0; i < rows; i++) {
        const line = place.in + (first[y + i]! - from) * length;
        const weights = place.weights + (y + i) * stride * 4;
        this.wasm.filterColumns(line, length, count[y + i]!, weights, place.out + i * length);
      }
      out.set(place.bytes.subarray(place.out, place.out + rows * length), y * length);
      y += rows;
    }
    return out;
  }

  /** Copies a filter to the module's memory, and returns addresses for it and for `read` and `written` bytes. */
  private place({ first, count, weights }: LineFilter, read: number, written: number) {
    const { memory } = this.wasm;
    const firstAt = MARGIN;
    const countAt = firstAt + first.byteLength;
    const weightsAt = countAt + count.byteLength;
    const inAt = rounded(weightsAt + weights.byteLength) + MARGIN;
    const outAt = rounded(inAt + read) + MARGIN;
    const missing = outAt + written + MARGIN - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    const tables = new Int32Array(memory.buffer);
    tables.set(first, firstAt / 4);
    tables.set(count, countAt / 4);
    tables.set(weights, weightsAt / 4);
    const bytes = new Uint8Array(memory.buffer);
    return { bytes, first: firstAt, count: countAt, weights: weightsAt, in: inAt, out: outAt };
  }
}

let loaded: LineFilters | null | undefined;

/**
 * Returns the filters; null if this runtime compiles no WebAssembly, or has no SIMD.
 *
 * @example
 * ```ts
 * import { lineFilters } from '@cnnzoo/kernels/resize';
 *
 * // Halves an RGB image of 4 x 2 pixels along x: every weight is 1/2.
 * const image = { data: new Uint8Array(4 * 2 * 3), width: 4, height: 2, channels: 3 };
 * const half = { first: Int32Array.of(0, 2), count: Int32Array.of(2, 2), weights: new Int32Array(4).fill(2 ** 21), stride: 2 };
 * const halved = lineFilters()?.rows(image, 0, half);
 * ```
 */
export function lineFilters(): LineFilters | null {
  if (loaded !== undefined) return loaded;
  try {
    const bytes = Uint8Array.from(atob(RESIZE), (character) => character.charCodeAt(0));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    loaded = new WasmLineFilters(exports as unknown as Exports);
  } catch {
    loaded = null;
  }
  return loaded;
}
