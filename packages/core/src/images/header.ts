import type { DecodedImage } from './image.js';

/** Format of an image file that is decoded. */
export type ImageFormat = 'JPEG' | 'PNG' | 'WebP';

/** Metadata that may hold the orientation of an image. */
export interface Metadata {
  /** TIFF structure of the EXIF metadata. It may begin with JPEG's prefix. undefined if the file has none. */
  readonly exif?: Uint8Array | undefined;
  /** XMP packet. undefined if the file has none. */
  readonly xmp?: string | undefined;
}

interface Size extends Metadata {
  readonly width: number;
  readonly height: number;
}

export interface JpegHeader extends Size {
  /** 1: grey. 3: YCbCr or RGB. 4: CMYK or YCCK. */
  readonly components: 1 | 3 | 4;
}

export interface PngHeader extends Size {
  /** Bits of a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  readonly colour: 'grey' | 'rgb' | 'palette' | 'grey-alpha' | 'rgb-alpha';
  readonly interlaced: boolean;
  /** RGB of each entry. undefined if the file has no palette. */
  readonly palette: Uint8Array | undefined;
  /** Parts of the zlib stream of the pixels, in order. */
  readonly data: readonly Uint8Array[];
}

export type WebpHeader = Size;

/** Facts of a file that are known before its pixels are decoded. */
export type ImageHeader =
  | ({ readonly format: 'JPEG' } & JpegHeader)
  | ({ readonly format: 'PNG' } & PngHeader)
  | ({ readonly format: 'WebP' } & WebpHeader);

/**
 * Throws an error about the file in hand.
 *
 * @param wrong Noun for what is wrong with the file: 'one without pixels'.
 * @param advice Sentence that says what to do.
 */
export type Refuse = (wrong: string, advice?: string) => never;

/** Header of a format that a codec decodes. PNG is none: it is decoded without a codec. */
export type CodecHeader = Exclude<ImageHeader, { format: 'PNG' }>;

/**
 * Decodes a file's pixels as they are stored: no colour profile, no orientation, straight (not premultiplied) alpha.
 *
 * @throws CnnzooError BACKEND if the codec itself can't work; any other error if it can't decode the file.
 */
export type Codec = (bytes: Uint8Array, header: CodecHeader) => Promise<DecodedImage>;

/** Started decoder of one format. A decoder that fails on an image is not used again. */
export interface Decoder<Header> {
  decode(bytes: Uint8Array, header: Header): Promise<DecodedImage>;
  /** Returns the bytes of WebAssembly memory that the decoder holds. They never become fewer. */
  memory(): number;
}
