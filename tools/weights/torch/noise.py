"""Seeded pictures that core's tests make as well (packages/core/test/images/noise.ts)."""

import hashlib

import numpy as np
from PIL import Image


def noise(key, n):
    """n bytes that test/images/noise.ts makes as well."""
    h = 0x811C9DC5
    for b in key.encode():
        h = ((h ^ b) * 0x01000193) & 0xFFFFFFFF
    with np.errstate(over="ignore"):
        a = np.uint32(h) + np.arange(1, n + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
        t = (a ^ (a >> np.uint32(15))) * (a | np.uint32(1))
        t = t ^ (t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61)))
        return ((t ^ (t >> np.uint32(14))) >> np.uint32(24)).astype(np.uint8)


def synthetic(width, height, channels):
    pixels = noise(f"{width}x{height}x{channels}", width * height * channels)
    return Image.fromarray(pixels.reshape((height, width) if channels == 1 else (height, width, channels)))


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
