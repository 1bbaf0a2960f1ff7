"""Builds torchvision's ResNet-50, hashes the checkpoint (argv[1]) and loads it."""

import hashlib
import sys

import torch
import torchvision
from bench_report import report


def load():
    net = torchvision.models.resnet50(weights=None)
    with open(sys.argv[1], "rb") as file:
        hashlib.file_digest(file, "sha256").hexdigest()
    net.load_state_dict(torch.load(sys.argv[1], map_location="cpu", weights_only=True))
    return net.eval()


report(load)
