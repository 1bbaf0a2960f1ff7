"""Answers under a synthetic checkpoint, as JSON on the standard output: golden.py NAME HEIGHTxWIDTH... [--head PATH] [--aux] [--seed TEXT]"""

import argparse
import json

import nets
import synthetic
from cases import case

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("sizes", nargs="+")
parser.add_argument("--head")
parser.add_argument("--aux", action="store_true")
parser.add_argument("--seed", default="")
options = parser.parse_args()

cases = []
for size in options.sizes:
    height, width = map(int, size.split("x"))
    module = nets.build(options.name, height, width, aux=options.aux)
    module.load_state_dict(synthetic.checkpoint(module, options.seed))
    image = synthetic.image(nets.channels_of(options.name), height, width, options.seed)
    cases.append(case(module, image, options.head, options.aux))
print(json.dumps({"model": options.name, "seed": options.seed, **nets.VERSIONS, "cases": cases}))
