"""Numbers of PyTorch's layers that core's are tested against: layers.py OUT.json (packages/core/test/layers/goldens)."""

import json
import sys

import torch
from torch import nn


def listed(tensor):
    # Nine digits tell every float32.
    return {"shape": list(tensor.shape), "data": [float(f"{v:.9g}") for v in tensor.detach().reshape(-1).tolist()]}


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
    "grouped_conv": [
        {
            "options": {"groups": g, **o},
            "kernel": k,
            "filters": f,
            **case(nn.Conv2d(c, f, k, groups=g, **o), torch.randn(2, c, h, w)),
        }
        for k, c, f, g, o, h, w in [
            (3, 8, 12, 4, {"padding": 1}, 6, 5),
            (3, 6, 6, 6, {"padding": 1, "stride": 2, "bias": False}, 7, 8),
            (1, 9, 3, 3, {"stride": 2}, 5, 6),
            # Groups wide enough for several bundles of them.
            ([1, 2], 64, 8, 4, {"padding": [0, 1], "bias": False}, 2, 3),
        ]
    ],
    "max_pool": [
        {
            "options": {"size": k, "stride": s, "padding": p, "ceilMode": c},
            **case(nn.MaxPool2d(k, s, p, ceil_mode=c), torch.randn(2, 3, h, w) - 3),
        }
        for k, s, p, c, h, w in [
            (3, 2, 1, False, 8, 7),
            (2, 2, 0, False, 5, 6),
            (3, 1, 1, False, 4, 4),
            (3, 2, 0, True, 8, 7),
            (3, 2, 0, True, 7, 10),
            (3, 3, 1, True, 6, 9),
            (2, 3, 1, True, 4, 5),
        ]
    ],
    "avg_pool": [
        {
            "options": {"size": k, "stride": s, "padding": p, "ceilMode": c, "countIncludePad": i},
            **case(nn.AvgPool2d(k, s, p, ceil_mode=c, count_include_pad=i), torch.randn(2, 3, h, w)),
        }
        for k, s, p, c, i, h, w in [
            (2, 2, 0, False, True, 5, 6),
            (3, 2, 1, False, True, 7, 8),
            (3, 2, 1, False, False, 7, 8),
            (3, 2, 0, True, True, 8, 7),
            (3, 2, 1, True, True, 7, 10),
            (3, 2, 1, True, False, 8, 10),
            (2, 3, 1, True, True, 4, 5),
        ]
    ],
    "adaptive_avg_pool": [
        {"size": size, **case(nn.AdaptiveAvgPool2d(size), torch.randn(2, 3, h, w))}
        for size, h, w in [(3, 6, 9), (3, 7, 10), (4, 2, 3), (2, 5, 1), (3, 3, 3), (1, 4, 5)]
    ],
    "local_response_norm": [
        {
            "options": {"size": size, "alpha": a, "beta": b, "k": k},
            **case(nn.LocalResponseNorm(size, a, b, k), torch.randn(2, c, 3, 4) * 3),
        }
        for size, a, b, k, c in [(5, 1e-4, 0.75, 1.0, 7), (5, 0.5, 0.75, 2.0, 6), (4, 0.3, 0.5, 1.0, 8), (3, 0.7, 1.0, 1.0, 2)]
    ],
    "linear": case(nn.Linear(7, 5), torch.randn(3, 7)),
}
with open(sys.argv[1], "w") as file:
    json.dump(cases, file)
