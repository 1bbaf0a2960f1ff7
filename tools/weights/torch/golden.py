"""Logits under a synthetic checkpoint, as JSON on the standard output: golden.py NAME HEIGHTxWIDTH... [--seed TEXT]"""

import argparse
import json

import torch

import nets
import synthetic

# Enough to tell any mistake; the whole output of a 1000-class net would be twenty times as large.
SHOWN = 50

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("sizes", nargs="+")
parser.add_argument("--seed", default="")
options = parser.parse_args()

cases = []
for size in options.sizes:
    height, width = map(int, size.split("x"))
    module = nets.build(options.name, height, width)
    module.load_state_dict(synthetic.checkpoint(module, options.seed))
    with torch.inference_mode():
        logits = module(synthetic.image(nets.channels_of(options.name), height, width, options.seed))[0]
    cases.append(
        {
            "height": height,
            "width": width,
            "classes": len(logits),
            "largest": logits.abs().max().item(),
            "logits": logits[:SHOWN].tolist(),
        }
    )
print(json.dumps({"model": options.name, "seed": options.seed, **nets.VERSIONS, "cases": cases}))
