"""Decodes the photograph argv[1] with Pillow, and resizes, crops and normalises it with torchvision as ResNet-50 wants it."""

import sys

import torchvision
from bench_report import report_median
from PIL import Image

transforms = torchvision.models.ResNet50_Weights.DEFAULT.transforms()


def preprocess():
    with Image.open(sys.argv[1]) as image:
        transforms(image.convert("RGB"))[None]


report_median(5, preprocess)
