"""Loads a safetensors file strictly into the PyTorch module of a net and prints max|logit| of one image: strict.py NAME FILE"""

import sys

import torch
from safetensors.torch import load_file

import nets
import synthetic

name, path = sys.argv[1:3]
height, width = (28, 28) if nets.channels_of(name) == 1 else (64, 64)
module = nets.build(name, height, width)
module.load_state_dict(load_file(path), strict=True)
with torch.inference_mode():
    print(module(synthetic.image(nets.channels_of(name), height, width)).abs().max().item())
