"""Numbers of PyTorch's layers that core's are tested against: layers.py OUT.json (packages/core/test/layers/goldens)."""

import json
import sys

import torch
from torch import nn


def listed(tensor):
    return {"shape": list(tensor.shape), "data": tensor.detach().reshape(-1).tolist()}


def nhwc(tensor):
    return listed(tensor.permute(0, 2, 3, 1).contiguous() if tensor.dim() == 4 else tensor)


def case(module, x):
    """Output for x, and the gradients of sum(output * dy) for a random dy."""
    x = x.clone().requires_grad_()
    y = module(x)
    dy = torch.randn_like(y)
    (y * dy).sum().backward()
    return {
        "x": nhwc(x),
        "y": nhwc(y),
        "dy": nhwc(dy),
        "dx": nhwc(x.grad),
        "state": {key: listed(value) for key, value in module.state_dict().items()},
        "gradients": {key: listed(value.grad) for key, value in module.named_parameters()},
    }


def batch_norm(shape, steps, **options):
    """`steps` batches in training, then one in evaluation, on running statistics that are not the initial ones."""
    module = (nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d)(shape[1], **options)
    nn.init.uniform_(module.weight, 0.5, 1.5)
    nn.init.uniform_(module.bias, -1, 1)
    nn.init.uniform_(module.running_mean, -1, 1)
    nn.init.uniform_(module.running_var, 0.5, 1.5)
    start = {key: listed(value.clone()) for key, value in module.state_dict().items()}
    training = []
    for _ in range(steps):
        module.zero_grad()
        training.append(case(module, torch.randn(shape) * 3 + 5))
    module.eval()
    module.zero_grad()
    return {"options": options, "start": start, "training": training, "evaluation": case(module, torch.randn(shape))}


torch.manual_seed(0)
cases = {
    "torch": torch.__version__,
    "batch_norm": [
        batch_norm((2, 3, 5, 4), 3),
        batch_norm((4, 3, 1, 1), 1, eps=1e-3, momentum=0.3),
        batch_norm((6, 5), 2),
        batch_norm((1, 2, 3, 1), 1),
    ],
    "conv": [
        {"options": o, "kernel": k, **case(nn.Conv2d(3, 4, k, **o), torch.randn(2, 3, h, w))}
        for k, o, h, w in [
            (3, {"padding": 1}, 6, 5),
            (3, {"padding": 1, "stride": 2, "bias": False}, 8, 7),
            (7, {"padding": 3, "stride": 2}, 11, 8),
            (1, {"stride": 2}, 5, 6),
            ([1, 3], {"padding": [0, 1], "stride": [2, 1]}, 5, 6),
        ]
    ],
    "max_pool": [
        {"options": {"size": k, "stride": s, "padding": p}, **case(nn.MaxPool2d(k, s, p), torch.randn(2, 3, h, w) - 3)}
        for k, s, p, h, w in [(3, 2, 1, 8, 7), (2, 2, 0, 5, 6), (3, 1, 1, 4, 4)]
    ],
    "avg_pool": [
        {"options": {"size": k, "stride": s, "padding": p}, **case(nn.AvgPool2d(k, s, p), torch.randn(2, 3, h, w))}
        for k, s, p, h, w in [(2, 2, 0, 5, 6), (3, 2, 1, 7, 8)]
    ],
    "linear": case(nn.Linear(7, 5), torch.randn(3, 7)),
}
with open(sys.argv[1], "w") as file:
    json.dump(cases, file)
