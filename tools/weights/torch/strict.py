"""Loads a safetensors file strictly into the PyTorch module of a net, and prints as JSON what it answers to one image:
strict.py NAME FILE [--classes N] [--seed TEXT]"""

import argparse
import json

from safetensors.torch import load_file

import nets
import synthetic
from cases import case

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("file")
parser.add_argument("--classes", type=int)
parser.add_argument("--seed", default="")
options = parser.parse_args()

channels = nets.channels_of(options.name)
height, width = (28, 28) if channels == 1 else (64, 64)
module = nets.build(options.name, height, width, options.classes)
module.load_state_dict(load_file(options.file), strict=True)
image = synthetic.image(channels, height, width, options.seed)
print(json.dumps({"model": options.name, "seed": options.seed, **nets.VERSIONS, "cases": [case(module, image)]}))
