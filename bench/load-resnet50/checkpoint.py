"""Writes torchvision's ResNet-50, randomly initialised, as torch.save does: argv[1] a folder; prints the paths (zip, legacy)."""

import hashlib
import os
import sys

import torch
import torchvision

torch.manual_seed(0)
state = torchvision.models.resnet50(weights=None).state_dict()
for is_zip in (True, False):
    temporary = os.path.join(sys.argv[1], "checkpoint.tmp")
    torch.save(state, temporary, _use_new_zipfile_serialization=is_zip)
    with open(temporary, "rb") as file:
        digits = hashlib.file_digest(file, "sha256").hexdigest()[:8]
    path = os.path.join(sys.argv[1], f"resnet50-{digits}.pth")
    os.rename(temporary, path)
    print(path)
