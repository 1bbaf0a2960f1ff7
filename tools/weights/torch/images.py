"""Numbers of Pillow and torchvision that core's images are tested against.

images.py PHOTOS OUT (examples/photos, packages/core/test/images/goldens): OUT/images.json, and tiny files to decode in OUT/decode.
"""

import base64
import io
import json
import pathlib
import struct
import sys
import zlib

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image, ImageCms, ImageOps
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

from noise import noise, sha, synthetic

photos, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
files = out / "decode"
files.mkdir(parents=True, exist_ok=True)


def rgb(image):
    """Pixels as the codecs give them: upright, alpha dropped."""
    return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


# Resizing.
SIZES = [
    # width, height -> width, height: down, up, odd, even, sides of one pixel, one direction alone.
    (64, 48, 32, 24), (65, 47, 31, 23), (100, 75, 7, 5), (97, 61, 96, 60), (33, 50, 34, 51), (16, 12, 64, 48),
    (15, 11, 61, 43), (7, 5, 224, 224), (1, 1, 1, 1), (1, 1, 5, 3), (1, 40, 1, 13), (40, 1, 13, 1), (1, 9, 6, 4),
    (9, 1, 4, 6), (3, 2, 1, 1), (200, 3, 50, 50), (3, 200, 50, 50), (50, 40, 50, 17), (50, 40, 17, 40),
    (50, 40, 50, 40), (640, 480, 341, 256), (375, 500, 256, 341), (1023, 3, 1, 1), (255, 257, 256, 256),
    # Far more off the height than off the width: the vertical pass first, since Pillow 13.
    (50, 200, 30, 60), (40, 101, 20, 60), (40, 101, 20, 61), (30, 300, 61, 40),
]  # fmt: skip
resize = [
    {
        "from": [w, h],
        "to": [w2, h2],
        "channels": c,
        "sha256": sha(np.asarray(synthetic(w, h, c).resize((w2, h2), Image.Resampling.BILINEAR))),
    }
    for w, h, w2, h2 in SIZES
    for c in (1, 3)
]

# Photographs, and synthetic images through torchvision's own functions.
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
HALVES = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
MNIST = {"mean": [0.1307], "std": [0.3081]}
RECIPES = {
    "v1": {"resize": 256, "crop": [224, 224], "channels": 3, **IMAGENET},
    "v2": {"resize": 232, "crop": [224, 224], "channels": 3, **IMAGENET},
    "straight": {"resize": None, "crop": [65, 97], "channels": 3, **HALVES},
    "grey": {"resize": 28, "crop": [28, 28], "channels": 1, **MNIST},
    "odd": {"resize": 61, "crop": [50, 53], "channels": 3, **IMAGENET},
    "padded": {"resize": 20, "crop": [31, 28], "channels": 3, **IMAGENET},
}


def transform(image, recipe):
    image = image.convert("RGB" if recipe["channels"] == 3 else "L")
    size = recipe["crop"] if recipe["resize"] is None else recipe["resize"]
    image = F.resize(image, size, interpolation=InterpolationMode.BILINEAR, antialias=True)
    image = F.center_crop(image, recipe["crop"])
    x = F.convert_image_dtype(F.pil_to_tensor(image), torch.float)
    return F.normalize(x, mean=recipe["mean"], std=recipe["std"]).permute(1, 2, 0).contiguous().numpy()


def sample(x):
    return [float(v) for v in x.reshape(-1)[:: max(1, x.size // 8)][:8]]


subjects = [(path.name, Image.open(path)) for path in sorted(photos.iterdir()) if path.suffix in (".png", ".jpg")]
subjects += [(f"{w}x{h}x3", synthetic(w, h, 3)) for w, h in [(61, 70), (70, 62), (20, 20), (5, 400), (1, 1), (61, 61)]]
preprocess = []
for name, image in subjects:
    for recipe, options in RECIPES.items():
        if name[0].isdigit() and recipe in ("v1", "v2"):
            continue
        x = transform(image, options)
        preprocess.append({"image": name, "recipe": recipe, "sha256": sha(x), "sample": sample(x)})

photographs = [
    {
        "image": path.name,
        "size": list(image.size),
        "decoded": sha(rgb(image)),
        "grey": sha(np.asarray(image.convert("L"))),
        "resized": [
            {"to": [w, h], "sha256": sha(np.asarray(image.convert("RGB").resize((w, h), Image.Resampling.BILINEAR)))}
            for w, h in [(256, 256), (224, 224), (341, 256), (image.size[0] * 2 + 1, image.size[1] - 1), (31, 500)]
        ],
    }
    for path in sorted(photos.iterdir())
    if path.suffix in (".png", ".jpg")
    for image in [Image.open(path)]
]

# Decoding.
decode = {}


def save(name, image, **options):
    buffer = io.BytesIO()
    image.save(buffer, format={"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}[name.split(".")[1]], **options)
    keep(name, buffer.getvalue())


def keep(name, content, expected=None):
    (files / name).write_bytes(content)
    image = Image.open(io.BytesIO(content))
    pixels = rgb(image) if expected is None else expected
    decode[name] = {
        "size": [pixels.shape[1], pixels.shape[0]],
        "mode": image.mode,
        "rgb": base64.b64encode(pixels.tobytes()).decode(),
    }


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F] = "a maker"
    return data.tobytes()


colour = synthetic(13, 9, 3)
smooth = synthetic(4, 3, 3).resize((29, 21), Image.Resampling.BICUBIC)
alpha = synthetic(12, 7, 4)
grey = synthetic(11, 8, 1)
for o in range(1, 9):
    save(f"orientation-{o}.jpg", smooth, quality=90, exif=exif(o))
save("orientation-6.png", colour, exif=exif(6))
save("orientation-5.webp", colour, lossless=True, exif=exif(5))
save("rgb.png", colour)
save("rgba.png", alpha)
save("grey.png", grey)
save("grey-alpha.png", Image.merge("LA", (synthetic(11, 8, 1), grey.rotate(180))))
save("one-bit.png", grey.convert("1"))
for bits in (1, 2, 4, 8):
    save(f"palette-{bits}.png", smooth.quantize(2**bits), bits=bits)
save("palette-transparent.png", smooth.quantize(16), transparency=bytes(range(0, 256, 16)))
save("rgb-transparent.png", colour, transparency=colour.getpixel((3, 2)))
save("grey-transparent.png", grey, transparency=grey.getpixel((3, 2)))


def png(width, height, depth, kind, body, more=b"", interlaced=0):
    """A PNG of kinds that Pillow can't write."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def rows(pixels):
    return b"".join(b"\0" + row.tobytes() for row in pixels)


wide = (noise("wide", 6 * 5 * 8).reshape(5, 6, 4, 2)).astype(np.uint16)
wide = wide[..., 0] * 256 + wide[..., 1]
high = (wide >> 8).astype(np.uint8)
keep("rgb-16.png", png(6, 5, 16, 2, rows(wide[..., :3].astype(">u2"))))
keep("rgba-16.png", png(6, 5, 16, 6, rows(wide.astype(">u2"))))
# Pillow clips 16-bit grey at 255; core takes the high byte, as Pillow does for RGB.
keep("grey-16.png", png(6, 5, 16, 0, rows(wide[..., 0].astype(">u2"))), np.repeat(high[..., :1], 3, -1))
keep("grey-alpha-16.png", png(6, 5, 16, 4, rows(wide[..., :2].astype(">u2"))), np.repeat(high[..., :1], 3, -1))
gamma = bytes.fromhex("00000004") + b"gAMA" + (100000).to_bytes(4, "big")
keep("gamma.png", png(6, 5, 8, 2, rows(high[..., :3]), gamma + zlib.crc32(gamma[4:]).to_bytes(4, "big")))


def adam7(pixels):
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    return b"".join(rows(pixels[y::dy, x::dx]) for y, x, dy, dx in passes if pixels[y::dy, x::dx].size)


keep("interlaced.png", png(13, 9, 8, 2, adam7(np.asarray(colour)), interlaced=1))

# A profile that exchanges red and green would show at once in a decoder that applies it.
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
swapped = bytearray(profile)
count = int.from_bytes(profile[128:132], "big")
tags = {profile[at : at + 4]: at for at in range(132, 132 + 12 * count, 12)}
r, g = tags[b"rXYZ"], tags[b"gXYZ"]
swapped[r + 4 : r + 12], swapped[g + 4 : g + 12] = profile[g + 4 : g + 12], profile[r + 4 : r + 12]
swapped = bytes(swapped)
save("icc.png", colour, icc_profile=swapped)
save("icc.jpg", smooth, quality=90, icc_profile=swapped)
save("icc.webp", colour, lossless=True, icc_profile=swapped)

save("rgb.webp", colour, lossless=True)
save("rgba.webp", alpha, lossless=True, exact=True)
save("lossy.webp", smooth, quality=70)
save("lossy-alpha.webp", synthetic(4, 3, 4).resize((29, 21), Image.Resampling.BICUBIC), quality=70)
save("444.jpg", smooth, quality=90, subsampling=0)
save("422.jpg", smooth, quality=90, subsampling=1)
save("420.jpg", smooth, quality=75, subsampling=2)
save("progressive.jpg", smooth, quality=85, progressive=True)
save("grey.jpg", smooth.convert("L"), quality=90)
save("restarts.jpg", smooth, quality=90, restart_marker_blocks=1)
save("stored-rgb.jpg", smooth, quality=90, keep_rgb=True)

# Refused.
smooth.convert("CMYK").save(files / "cmyk.jpg")
colour.save(files / "animated.webp", save_all=True, append_images=[synthetic(13, 9, 1).convert("RGB")], lossless=True)
grey.save(files / "still.gif")

with open(out / "images.json", "w") as file:
    json.dump(
        {
            "pillow": PIL.__version__,
            "torchvision": torchvision.__version__,
            "recipes": RECIPES,
            "resize": resize,
            "preprocess": preprocess,
            "photographs": photographs,
            "decode": decode,
        },
        file,
    )
