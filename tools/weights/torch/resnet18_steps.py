"""The losses of ten steps of training of ResNet-18, in float32 and in float64: resnet18_steps.py OUT.json

packages/core/test/train/resnet18.test.ts takes the same steps: weights, images and labels are drawn by synthetic.py.
"""

import json
import sys

import torch
from torch.nn import functional

import nets
import synthetic

STEPS, BATCH, SIZE, CLASSES = 10, 16, 64, 10
# Weights at which lr 0.01 is a small step. From torchvision's initial values PyTorch's own float32 and float64 runs are
# about a hundredth apart after ten steps, and nothing could be told from such losses.
SCALES = {"bn2.weight": 1 / 4, "fc.weight": 1 / 8}


def start(net):
    state = synthetic.checkpoint(net, "start/")
    for key, value in state.items():
        for suffix, scale in SCALES.items():
            if key.endswith(suffix):
                value *= scale
    return state


def losses(dtype, optimizer, options):
    """Of each step, on a batch of its own, BatchNorm with the statistics of the batch."""
    images = torch.cat([synthetic.image(3, SIZE, SIZE, f"{i}/") for i in range(STEPS * BATCH)])
    labels = torch.from_numpy(synthetic.uniform("labels", STEPS * BATCH, 0, CLASSES)).long()
    net = nets.build("resnet18", SIZE, SIZE, CLASSES)
    net.load_state_dict(start(net))
    net.to(dtype).train()
    run = optimizer(net.parameters(), **options)
    result = []
    for x, y in zip(images.to(dtype).split(BATCH), labels.split(BATCH)):
        run.zero_grad()
        loss = functional.cross_entropy(net(x), y)
        loss.backward()
        run.step()
        result.append(loss.item())
    return result


def both(optimizer, **options):
    return {
        "float32": losses(torch.float32, optimizer, options),
        "float64": losses(torch.float64, optimizer, options),
    }


golden = {
    **nets.VERSIONS,
    "sgd": both(torch.optim.SGD, lr=0.01, momentum=0.9),
    "adamW": both(torch.optim.AdamW, lr=1e-4),
}
with open(sys.argv[1], "w") as file:
    json.dump(golden, file, indent=1)
    file.write("\n")
