"""What torchvision's VGG-16 gives over a file of its features, as the mean over the last map: vgg_features.py FILE.safetensors"""

import json
import sys

import torch
from safetensors.torch import load_file

import nets
import synthetic

features = nets.build("vgg16", 224, 224).features
features.load_state_dict({key.removeprefix("features."): value for key, value in load_file(sys.argv[1]).items()})
images = []
for height, width in [(64, 64), (65, 65), (72, 91)]:
    with torch.inference_mode():
        # Of the size that the preprocessing gives: 255 * image - mean.
        map_ = features(60 * synthetic.image(3, height, width))[0]
    images.append({"height": height, "width": width, "features": [float(f"{v:.9g}") for v in map_.mean((1, 2)).tolist()]})
print(json.dumps({**nets.VERSIONS, "images": images}))
