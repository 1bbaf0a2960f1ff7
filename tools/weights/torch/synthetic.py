"""Seeded checkpoints and images, the same to the bit as test/harness/synthetic.ts makes them: no download, no fixture."""

import numpy as np
import torch


def fnv1a(text):
    """32-bit FNV-1a of UTF-8 bytes."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def uniform(key, count, low, high):
    """`count` float32 numbers in [low, high): mulberry32 (Tommy Ettinger), started at the hash of `key`."""
    u32 = np.uint32
    with np.errstate(over="ignore"):
        state = (u32(fnv1a(key)) + np.arange(1, count + 1, dtype=u32) * u32(0x6D2B79F5)).astype(u32)
        mixed = (state ^ (state >> u32(15))) * (state | u32(1))
        mixed ^= mixed + (mixed ^ (mixed >> u32(7))) * (mixed | u32(61))
        word = mixed ^ (mixed >> u32(14))
    return (low + (high - low) * (word.astype(np.float64) / 2**32)).astype(np.float32)


def bounds(key, shape):
    """The range of a tensor's values: what keeps activations of any depth of order one."""
    kind = key.rsplit(".", 1)[-1]
    if kind == "running_var":
        return 0.5, 1.5
    if kind in ("running_mean", "bias"):
        return -0.1, 0.1
    if len(shape) == 1:
        return 0.5, 1.0
    fan_in = int(np.prod(shape[1:]))
    return -((6 / fan_in) ** 0.5), (6 / fan_in) ** 0.5


def checkpoint(module, seed=""):
    """A state dict for `module`, filled by the keys; `seed` makes another one."""
    return {
        key: value
        if key.endswith("num_batches_tracked")
        else torch.from_numpy(
            uniform(seed + key, value.numel(), *bounds(key, value.shape)).reshape(tuple(value.shape))
        )
        for key, value in module.state_dict().items()
    }


def image(channels, height, width, seed=""):
    """One image [1, channels, height, width] of values in [-2, 2)."""
    shape = (1, channels, height, width)
    return torch.from_numpy(uniform(seed + "input", channels * height * width, -2, 2).reshape(shape))
