"""torchvision's numbers that core's augmentations are tested against: augment.py OUT.json (packages/core/test/data/goldens).

Every operation on the pictures of noise.py, and on a darker, flatter one whose histogram leaves room to stretch.
"""

import json
import sys

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image
from torchvision.transforms import TrivialAugmentWide
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op

from noise import sha, synthetic


def flat(width, height, channels):
    return Image.fromarray(np.asarray(synthetic(width, height, channels)) // 3 + 40)


PICTURES = {
    "noise": [synthetic(*size) for size in [(37, 29, 3), (32, 32, 3), (64, 48, 3), (21, 30, 1)]],
    "flat": [flat(*size) for size in [(37, 29, 3), (21, 30, 1)]],
}
FACTORS = [0.0, 0.01, 0.3, 0.5, 0.77, 1.0, 1.1, 1.4, 1.99, 3.0]
OPERATIONS = {
    "horizontal flip": (F.hflip, [[]]),
    "vertical flip": (F.vflip, [[]]),
    "rotation": (F.rotate, [[a] for a in (0, 13.7, 45, 90, 135, 180, 270, -60.25, -4.5, 359.9, -180)]),
    "brightness": (F.adjust_brightness, [[f] for f in FACTORS]),
    "contrast": (F.adjust_contrast, [[f] for f in FACTORS]),
    "saturation": (F.adjust_saturation, [[f] for f in FACTORS]),
    "sharpness": (F.adjust_sharpness, [[f] for f in FACTORS]),
    "hue": (F.adjust_hue, [[f] for f in (-0.5, -0.25, -0.1, -0.003, 0.0, 0.004, 0.2, 0.33, 0.5)]),
    "posterize": (F.posterize, [[b] for b in (8, 7, 5, 4, 2, 1)]),
    "solarize": (F.solarize, [[t] for t in (255.0, 178.5, 128.0, 51.0, 0.0)]),
    "autocontrast": (F.autocontrast, [[]]),
    "equalize": (F.equalize, [[]]),
    # left, top, width, height of the crop; width, height of the result.
    "resized crop": (
        lambda image, x, y, w, h, to_w, to_h: F.resized_crop(image, y, x, h, w, [to_h, to_w]),
        [[3, 5, 11, 17, 24, 24], [0, 0, 21, 29, 7, 9], [10, 8, 1, 2, 5, 5]],
    ),
    # left, top, width, height, value.
    "erase": (
        lambda image, x, y, w, h, value: F.erase(F.pil_to_tensor(image), y, x, h, w, torch.tensor(value)),
        [[4, 2, 9, 13, 0], [0, 0, 3, 1, 128]],
    ),
}


def pixels(result):
    return result.permute(1, 2, 0).numpy() if isinstance(result, torch.Tensor) else np.asarray(result)


operations = [
    {"picture": [kind, *picture.size, len(picture.getbands())], "name": name, "args": args, "sha256": sha(pixels(apply(picture, *args)))}
    for name, (apply, list_of_args) in OPERATIONS.items()
    for args in list_of_args
    for kind, pictures in PICTURES.items()
    for picture in pictures
]  # fmt: skip

# Every seventh colour or so of all 16.8 million, through every conversion between RGB and HSV.
colours = np.stack(np.meshgrid(*[np.arange(0, 256, 5)] * 3, indexing="ij"), -1).reshape(52, -1, 3).astype(np.uint8)
hues = {str(f): sha(np.asarray(F.adjust_hue(Image.fromarray(colours), f))) for f in (0.0, 0.1, -0.4)}

# The space of TrivialAugment-wide: magnitudes, and each operation at the least, a middle and the greatest one.
policy = TrivialAugmentWide()
trivial = {}
for name, (magnitudes, signed) in policy._augmentation_space(31).items():
    values = [float(m) for m in magnitudes.reshape(-1)]
    picked = sorted({values[0], values[len(values) // 2], values[7 % len(values)], values[-1]})
    picked += [-m for m in picked if signed]
    image = synthetic(37, 29, 3)
    trivial[name] = {
        "magnitudes": values,
        "signed": signed,
        "results": [
            [m, sha(np.asarray(_apply_op(image, name, m, policy.interpolation, policy.fill)))] for m in picked
        ],
    }

# AlexNet's lighting in float64, with the components of fb.resnet.torch; rounded and clipped here, where they add floats.
values = np.array([0.2175, 0.0188, 0.0045])
vectors = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
lighting = []
for alphas in ([0.1, -0.05, 0.2], [-0.3, 0.4, 0.15], [0.0, 0.0, 0.0]):
    image = np.asarray(synthetic(37, 29, 3)) + 255 * (vectors * values * alphas).sum(1)
    lighting.append({"alphas": alphas, "sha256": sha(np.clip(np.floor(image + 0.5), 0, 255).astype(np.uint8))})

with open(sys.argv[1], "w") as file:
    json.dump(
        {
            "pillow": PIL.__version__,
            "torchvision": torchvision.__version__,
            "operations": operations,
            "hues": hues,
            "trivial": trivial,
            "lighting": lighting,
        },
        file,
    )
    file.write("\n")
