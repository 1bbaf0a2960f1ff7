"""Small image files of every kind that people have, and what Pillow makes of them.

image_files.py OUT (packages/core/test/images/goldens/files.json): by name, the file in base64, and the size and the
sha256 of ImageOps.exif_transpose(image).convert("RGB"), or null where Pillow refuses the file. Needs Pillow, NumPy and
OpenCV, which writes the samplings that Pillow can't.
"""

import base64
import hashlib
import io
import json
import struct
import sys
import warnings
import zlib

import cv2
import numpy as np
import PIL
from PIL import Image, ImageCms, ImageOps

from noise import noise, synthetic

warnings.simplefilter("ignore")
entries = {}


def keep(name, content):
    entry = {"file": base64.b64encode(content).decode()}
    try:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
        entry |= {"size": list(image.size), "rgb": hashlib.sha256(image.tobytes()).hexdigest()}
    except (OSError, SyntaxError, ValueError):
        entry |= {"size": None, "rgb": None}
    assert name not in entries
    entries[name] = entry


def encoded(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format=format, **options)
    return buffer.getvalue()


def smooth(width, height):
    return synthetic(5, 4, 3).resize((width, height), Image.Resampling.BICUBIC)


SIZES = [(29, 21), (17, 34), (3, 2), (16, 16)]

# JPEG: samplings, by OpenCV.
for sampling in ("444", "440", "422", "420", "411"):
    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")
    for width, height in SIZES:
        for kind, progressive in (("baseline", 0), ("progressive", 1)):
            flags = [cv2.IMWRITE_JPEG_QUALITY, 85, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
            flags += [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive]
            content = cv2.imencode(".jpg", np.asarray(smooth(width, height))[..., ::-1], flags)[1].tobytes()
            keep(f"jpeg/{sampling} {kind} {width}x{height}", content)
for width, height in SIZES:
    keep(f"jpeg/grey {width}x{height}", encoded(smooth(width, height).convert("L"), "JPEG"))
    keep(f"jpeg/cmyk {width}x{height}", encoded(smooth(width, height).convert("CMYK"), "JPEG"))


# CMYK: four channels of which none is empty.
def four(width, height):
    bands = [synthetic(5, 4, 1), synthetic(4, 5, 1), synthetic(6, 3, 1), synthetic(3, 6, 1)]
    return Image.merge("CMYK", [band.resize((width, height), Image.Resampling.BICUBIC) for band in bands])


def with_transform(content, transform):
    """The same file with another colour transform in Adobe's marker: 0 is CMYK, 2 is YCCK."""
    at = content.index(b"Adobe") + 11
    return content[:at] + bytes([transform]) + content[at + 1 :]


def without_adobe(content):
    at = content.index(b"Adobe") - 4
    return content[:at] + content[at + 16 :]


def with_segments(content, *segments):
    """The same JPEG with segments (marker, bytes) in front."""
    parts = [bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body for marker, body in segments]
    return content[:2] + b"".join(parts) + content[2:]


profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
for kind, options in {
    "": {},
    " progressive": {"progressive": True},
    " subsampled": {"subsampling": 2},
    " with a profile": {"icc_profile": profile},
}.items():
    content = encoded(four(29, 21), "JPEG", quality=90, **options)
    keep(f"jpeg/four channels, cmyk{kind}", content)
    keep(f"jpeg/four channels, ycck{kind}", with_transform(content, 2))
    keep(f"jpeg/four channels, no marker of Adobe's{kind}", without_adobe(content))

# JPEG: damage inside the compressed data, which Pillow decodes as far as it goes.
whole = encoded(smooth(48, 40), "JPEG", quality=90)
start = whole.index(b"\xff\xda") + 14
for at in (40, 200, 333):
    keep(f"jpeg/a byte changed at {at}", whole[: start + at] + b"\x5a" + whole[start + at + 1 :])
for i in range(8):
    damaged = bytearray(whole)
    for at, bit in noise(f"damage {i}", 6).reshape(3, 2).astype(int):
        damaged[start + at * 2 + 20] ^= 1 << bit % 8
    keep(f"jpeg/damage {i}", bytes(damaged))
keep("jpeg/the end of the data missing", whole[: start + 300] + b"\xff\xd9")
keep("jpeg/bytes too many before the end", whole[:-2] + b"\x12\x34\x56" + whole[-2:])
keep("jpeg/cut off", whole[: start + 300])
keep("jpeg/no Huffman table", whole[: whole.index(b"\xff\xc4")] + whole[start - 14 :])

# PNG.
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name, data, checksum=None):
    checksum = zlib.crc32(name + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def header(width, height, depth, kind, interlaced=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))


END = chunk(b"IEND", b"")
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def filtered(line, above, step, kind):
    """A row under one of the five filters."""
    line, above = list(line), list(above)
    out = []
    for i, value in enumerate(line):
        a, b, c = (line[i - step] if i >= step else 0), above[i], (above[i - step] if i >= step else 0)
        p = a + b - c
        paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        out.append((value - [0, a, b, (a + b) // 2, paeth][kind]) % 256)
    return bytes([kind, *out])


def body(pixels, depth):
    """Rows of samples [height, width, samples] of `depth` bits, each row under the next filter."""
    out, step = b"", max(1, depth * pixels.shape[2] // 8)
    above = None
    for y, row in enumerate(pixels):
        values = row.reshape(-1)
        if depth == 16:
            line = values.astype(">u2").tobytes()
        else:
            bits = "".join(f"{v:0{depth}b}" for v in values)
            bits += "0" * (-len(bits) % 8)
            line = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
        out += filtered(line, above or bytes(len(line)), step, y % 5)
        above = line
    return out


PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def png(pixels, depth, kind, more=b"", interlaced=0):
    height, width, _ = pixels.shape
    if interlaced:
        parts = [pixels[y::dy, x::dx] for y, x, dy, dx in PASSES]
        data = b"".join(body(part, depth) for part in parts if part.size)
    else:
        data = body(pixels, depth)
    return SIGNATURE + header(width, height, depth, kind, interlaced) + more + chunk(b"IDAT", zlib.compress(data)) + END


for kind, depths in {0: (1, 2, 4, 8), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
    for depth in depths:
        for width, height in ((13, 9), (1, 1), (5, 3)):
            count = width * height * SAMPLES[kind]
            values = noise(f"{kind} {depth} {width}", 2 * count).astype(int)
            values = (values[::2] * 256 + values[1::2]) >> (16 - depth)
            pixels = values.reshape(height, width, SAMPLES[kind])
            palette = chunk(b"PLTE", noise("palette", 3 * 2**depth).tobytes()) if kind == 3 else b""
            for interlaced in (0, 1):
                keep(
                    f"png/colour type {kind}, {depth} bits, {width}x{height}{', interlaced' * interlaced}",
                    png(pixels, depth, kind, palette, interlaced),
                )

colour = np.asarray(synthetic(13, 9, 3)).astype(int)
rows = body(colour, 8)
packed = zlib.compress(rows)
HEAD = SIGNATURE + header(13, 9, 8, 2)
DATA = chunk(b"IDAT", packed)
gamma = chunk(b"gAMA", struct.pack(">I", 45455))
physical = chunk(b"pHYs", struct.pack(">IIB", 100, 100, 1))
flipped = bytearray(packed)
flipped[60] ^= 1
junk = bytearray(packed)
junk[-1] ^= 1
for name, content in {
    "gAMA twice": HEAD + gamma + gamma + DATA + END,
    "pHYs twice": HEAD + physical + physical + DATA + END,
    "a broken iCCP": HEAD + chunk(b"iCCP", b"x\0\0garbage") + DATA + END,
    "an iCCP of a profile": HEAD + chunk(b"iCCP", b"x\0\0" + zlib.compress(profile)) + DATA + END,
    "odd texts": HEAD + chunk(b"zTXt", b"x\0\0garbage") + chunk(b"tEXt", b"\0\0") + chunk(b"iTXt", b"q") + DATA + END,
    "a text with a wrong checksum behind the pixels": HEAD + DATA + chunk(b"tEXt", b"a\0b", 7) + END,
    "tRNS too long": HEAD + chunk(b"tRNS", b"1" * 40) + DATA + END,
    "an unknown critical chunk": HEAD + chunk(b"ABCD", b"1" * 40) + DATA + END,
    "a palette that is not needed": HEAD + chunk(b"PLTE", bytes(48)) + DATA + END,
    "a palette behind the pixels": HEAD + DATA + chunk(b"PLTE", bytes(48)) + END,
    "no end": HEAD + DATA,
    "an end that is cut off": HEAD + DATA + END[:-3],
    "bytes behind the end": HEAD + DATA + END + b"hello",
    "a wrong checksum of the pixels' chunk": HEAD + chunk(b"IDAT", packed, 5) + END,
    "pixels in parts, some empty": HEAD
    + chunk(b"IDAT", b"")
    + chunk(b"IDAT", packed[:50])
    + chunk(b"IDAT", b"")
    + chunk(b"IDAT", packed[50:])
    + END,
    "a length beyond the file": HEAD + struct.pack(">I", len(packed) + 100) + b"IDAT" + packed,
    "bytes behind the zlib stream": HEAD + chunk(b"IDAT", packed + b"junkjunk") + END,
    "rows too many": HEAD + chunk(b"IDAT", zlib.compress(rows + rows)) + END,
    "no checksum of the zlib stream": HEAD + chunk(b"IDAT", packed[:-4]) + END,
    "a long header": SIGNATURE + chunk(b"IHDR", header(13, 9, 8, 2)[8:-4] + b"ab") + DATA + END,
    "a wrong checksum of the header": HEAD[:-4] + b"abcd" + DATA + END,
    "a wrong checksum of the zlib stream": HEAD + chunk(b"IDAT", bytes(junk)) + END,
    "a bit of the pixels changed": HEAD + chunk(b"IDAT", bytes(flipped)) + END,
    "half the pixels": HEAD + chunk(b"IDAT", packed[: len(packed) // 2]) + END,
    "rows too few": HEAD + chunk(b"IDAT", zlib.compress(rows[:100])) + END,
    "an unknown filter": HEAD + chunk(b"IDAT", zlib.compress(b"\x09" + rows[1:])) + END,
    "an unknown filter method": SIGNATURE + chunk(b"IHDR", header(13, 9, 8, 2)[8:-4][:11] + b"\1\0") + DATA + END,
    "an unknown interlacing": SIGNATURE + header(13, 9, 8, 2, 2) + DATA + END,
    "no pixels": HEAD + END,
}.items():
    keep(f"png/{name}", content)
indices = noise("indices", 117).reshape(9, 13, 1).astype(int) % 16
few = chunk(b"PLTE", bytes(range(100, 124)))
keep("png/a palette that is too short", png(indices, 8, 3, few))
keep("png/a palette of two", png(indices, 8, 3, chunk(b"PLTE", bytes(range(48))) + chunk(b"PLTE", bytes(range(100, 148)))))
keep("png/a palette and tRNS", png(indices, 8, 3, chunk(b"PLTE", bytes(range(48))) + chunk(b"tRNS", bytes(range(0, 160, 10)))))


# Orientation.
NUMBERS = {"BYTE": (1, "B"), "SHORT": (3, "H"), "LONG": (4, "L"), "RATIONAL": (5, "LL"), "SBYTE": (6, "b")}
NUMBERS |= {"UNDEFINED": (7, "B"), "SSHORT": (8, "h"), "SLONG": (9, "l"), "SRATIONAL": (10, "ll"), "FLOAT": (11, "f")}
NUMBERS |= {"DOUBLE": (12, "d"), "IFD": (13, "L"), "LONG8": (16, "Q"), "SLONG8": (17, "q")}


def tiff(order, kind, *values, tag=0x0112, count=1, magic=None, before=b""):
    """An EXIF block whose first directory holds `before` (one entry, or none) and one more tag."""
    code, letters = NUMBERS[kind]
    payload = struct.pack(order + letters * (len(values) // len(letters)), *values)
    n = 2 if before else 1
    start = (b"II*\0" if order == "<" else b"MM\0*") if magic is None else magic
    out = start + struct.pack(order + "LH", 8, n) + before + struct.pack(order + "HHL", tag, code, count)
    if len(payload) <= 4:
        return out + payload.ljust(4, b"\0") + bytes(4)
    return out + struct.pack(order + "L", 8 + 2 + 12 * n + 4) + bytes(4) + payload


base = encoded(smooth(12, 8), "JPEG", quality=95)
EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
attribute, element = b'<x tiff:Orientation="6"/>', b"<tiff:Orientation>8</tiff:Orientation>"
six, upright = tiff("<", "SHORT", 6), tiff("<", "SHORT", 1)
none, nine = tiff("<", "SHORT", 6, tag=0x0110), tiff("<", "SHORT", 9)
for order, endian in (("<", "little"), (">", "big")):
    for kind, (code, letters) in NUMBERS.items():
        values = [6, 1][: len(letters)]
        keep(f"orientation/{kind}, {endian}", with_segments(base, (0xE1, EXIF + tiff(order, kind, *values))))
    for name, block in {
        "two SHORTs": tiff(order, "SHORT", 6, 6, count=2),
        "three SHORTs": tiff(order, "SHORT", 6, 6, 6, count=3),
        "no SHORT": tiff(order, "SHORT", 6, count=0),
        "0": tiff(order, "SHORT", 0),
        "65535": tiff(order, "SHORT", 65535),
        "-6": tiff(order, "SSHORT", -6),
        "6.5": tiff(order, "FLOAT", 6.5),
        "twice": tiff(order, "SHORT", 3, before=struct.pack(order + "HHLHH", 0x112, 3, 1, 6, 0)),
        "first of an unknown type": tiff(order, "SHORT", 3, before=struct.pack(order + "HHLHH", 0x112, 99, 1, 6, 0)),
        "42 in the other order": tiff(order, "SHORT", 6, magic=b"II\0*" if order == "<" else b"MM*\0"),
    }.items():
        keep(f"orientation/{name}, {endian}", with_segments(base, (0xE1, EXIF + block)))
for value in range(1, 9):
    xmp = attribute.replace(b"6", str(value).encode())
    keep(f"orientation/XMP {value}", with_segments(base, (0xE1, XMP + xmp)))
for name, segments in {
    "no TIFF structure": [EXIF + b"garbage!"],
    "no TIFF structure, and XMP": [EXIF + b"garbage!", XMP + attribute],
    "a directory beyond the end": [EXIF + six[:4] + b"\xff\0\0\0"],
    "cut off in the tag": [EXIF + six[:16]],
    "the prefix twice": [EXIF + EXIF + six],
    "EXIF twice": [EXIF + upright, EXIF + six],
    "EXIF in two segments": [EXIF + six[:12], EXIF + six[12:]],
    "an XMP element": [XMP + element],
    "XMP with single quotes": [XMP + attribute.replace(b'"', b"'")],
    "XMP with spaces": [XMP + b'<x tiff:Orientation = "6"/>'],
    "XMP 9": [XMP + attribute.replace(b"6", b"9")],
    "XMP twice": [XMP + attribute, XMP + element],
    "two values in one XMP": [XMP + attribute + element],
    "EXIF before XMP": [EXIF + upright, XMP + attribute],
    "EXIF of no orientation before XMP": [EXIF + none, XMP + attribute],
    "EXIF of 9 before XMP": [EXIF + nine, XMP + attribute],
}.items():
    keep(f"orientation/{name}", with_segments(base, *[(0xE1, segment) for segment in segments]))
keep("orientation/EXIF behind the pixels", base[:-2] + with_segments(b"\xff\xd8", (0xE1, EXIF + six))[2:] + base[-2:])


def raw(block, width=72):
    digits = block.hex()
    lines = [digits[i : i + width] for i in range(0, len(digits), width)]
    return f"\nexif\n{len(block):8}\n".encode() + "\n".join([*lines, ""]).encode()


RAW, PACKET = b"Raw profile type exif\0", b"XML:com.adobe.xmp\0"
padded = tiff("<", "SHORT", 6) + bytes(100)
for name, (before, after) in {
    "eXIf": (chunk(b"eXIf", six), b""),
    "eXIf with a prefix": (chunk(b"eXIf", EXIF + six), b""),
    "eXIf behind the pixels": (b"", chunk(b"eXIf", six)),
    "eXIf twice": (chunk(b"eXIf", upright) + chunk(b"eXIf", six), b""),
    "raw profile in tEXt": (chunk(b"tEXt", RAW + raw(EXIF + padded)), b""),
    "raw profile in zTXt": (chunk(b"zTXt", RAW + b"\0" + zlib.compress(raw(EXIF + padded))), b""),
    "raw profile in iTXt": (chunk(b"iTXt", RAW + b"\0\0\0\0" + raw(EXIF + padded)), b""),
    "raw profile in iTXt, compressed": (chunk(b"iTXt", RAW + b"\1\0\0\0" + zlib.compress(raw(EXIF + padded))), b""),
    "raw profile without a prefix": (chunk(b"tEXt", RAW + raw(padded)), b""),
    "raw profile behind the pixels": (b"", chunk(b"tEXt", RAW + raw(EXIF + padded))),
    "raw profile beside eXIf": (chunk(b"eXIf", upright) + chunk(b"tEXt", RAW + raw(EXIF + padded)), b""),
    "raw profile of another type": (chunk(b"tEXt", b"Raw profile type APP1\0" + raw(EXIF + padded)), b""),
    "XMP in iTXt": (chunk(b"iTXt", PACKET + b"\0\0\0\0" + attribute), b""),
    "XMP in iTXt, compressed": (chunk(b"iTXt", PACKET + b"\1\0\0\0" + zlib.compress(element)), b""),
    "XMP in iTXt of a language": (chunk(b"iTXt", PACKET + b"\0\0en\0key\0" + element), b""),
    "XMP in tEXt": (chunk(b"tEXt", PACKET + attribute), b""),
    "XMP in zTXt": (chunk(b"zTXt", PACKET + b"\0" + zlib.compress(attribute)), b""),
    "XMP behind the pixels": (b"", chunk(b"iTXt", PACKET + b"\0\0\0\0" + attribute)),
    "XMP beside eXIf of no orientation": (chunk(b"eXIf", none) + chunk(b"iTXt", PACKET + b"\0\0\0\0" + attribute), b""),
}.items():
    keep(f"orientation/PNG, {name}", HEAD + before + DATA + after + END)

for name, options in {
    "EXIF": {"exif": six},
    "EXIF with a prefix": {"exif": EXIF + six},
    "EXIF of a LONG": {"exif": tiff(">", "LONG", 8)},
    "XMP": {"xmp": attribute},
    "an XMP element": {"xmp": element},
    "EXIF before XMP": {"exif": upright, "xmp": attribute},
    "EXIF of no orientation before XMP": {"exif": none, "xmp": attribute},
}.items():
    content = encoded(synthetic(13, 9, 3), "WEBP", lossless=True, **options)
    keep(f"orientation/WebP, {name}", content)
    flags = content.index(b"VP8X") + 8
    keep(f"orientation/WebP, {name}, not announced", content[:flags] + b"\0" + content[flags + 1 :])

with open(sys.argv[1], "w") as file:
    json.dump({"pillow": PIL.__version__, "files": entries}, file, indent=0)
