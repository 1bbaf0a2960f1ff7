"""Checkpoints as torch.save writes them, in both containers, of floats and of halves: checkpoints.py NAME HEIGHTxWIDTH DIR [--seed TEXT]

Prints as JSON, by type, the golden of the net that was written.
"""

import argparse
import json
import pathlib

import torch

import nets
import synthetic
from cases import case

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("size")
parser.add_argument("directory", type=pathlib.Path)
parser.add_argument("--seed", default="")
options = parser.parse_args()

height, width = map(int, options.size.split("x"))
module = nets.build(options.name, height, width)
image = synthetic.image(nets.channels_of(options.name), height, width, options.seed)
goldens = {}
for dtype in (torch.float32, torch.float16):
    module.load_state_dict(synthetic.checkpoint(module, options.seed))
    state = {key: value.to(dtype) if value.is_floating_point() else value for key, value in module.state_dict().items()}
    kind = str(dtype).removeprefix("torch.")
    torch.save(state, options.directory / f"{kind}.zip.pth")
    torch.save(state, options.directory / f"{kind}.legacy.pth", _use_new_zipfile_serialization=False)
    # The values that the file holds, computed with as floats.
    module.load_state_dict(state)
    goldens[kind] = {"model": options.name, "seed": options.seed, **nets.VERSIONS, "cases": [case(module, image)]}
print(json.dumps(goldens))
