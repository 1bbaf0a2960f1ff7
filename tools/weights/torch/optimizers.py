"""PyTorch's optimizers and schedules, step by step: optimizers.py OUT.json (packages/core/test/train/goldens)."""

import json
import sys

import torch
from torch import nn
from torch.optim import lr_scheduler


def steps(name, rates, dtype, start, gradients, options, bias):
    """A linear layer's parameters along given gradients; `bias` are the options of the bias' own group."""
    parameters = {key: nn.Parameter(value.to(dtype)) for key, value in start.items()}
    own = {key: value for key, value in bias.items() if key != "lr"}
    groups = [{"params": [parameters["fc.weight"]]}, {"params": [parameters["fc.bias"]], **own}]
    optimizer = getattr(torch.optim, name)(groups, lr=rates[0], **options)
    weights = []
    for step, rate in enumerate(rates):
        for group, scale in zip(optimizer.param_groups, (1, bias.get("lr", 1))):
            group["lr"] = rate * scale
        for key, parameter in parameters.items():
            parameter.grad = gradients[key][step].to(dtype)
        optimizer.step()
        weights.append({key: parameter.detach().reshape(-1).tolist() for key, parameter in parameters.items()})
    state = {
        f"{key}.{kept}": value.reshape(-1).tolist()
        for key, parameter in parameters.items()
        for kept, value in optimizer.state[parameter].items()
        if isinstance(value, torch.Tensor)
    }
    return {"weights": weights, "state": state}


def optimizer(name, rates, bias=None, **options):
    start = {"fc.weight": torch.randn(2, 3), "fc.bias": torch.randn(2)}
    gradients = {key: torch.randn(len(rates), *value.shape) for key, value in start.items()}
    arguments = (start, gradients, options, bias or {})
    return {
        "name": name,
        "options": options,
        "bias": bias or {},
        "rates": rates,
        "start": {key: value.reshape(-1).tolist() for key, value in start.items()},
        "gradients": {key: value.reshape(len(rates), -1).tolist() for key, value in gradients.items()},
        "float32": steps(name, rates, torch.float32, *arguments),
        "float64": steps(name, rates, torch.float64, *arguments),
    }


def rates(lr, count, schedule):
    """The learning rate of each of `count` steps."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = schedule(optimizer)
    result = []
    for _ in range(count):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return result


def one_cycle(optimizer):
    return lr_scheduler.OneCycleLR(optimizer, max_lr=0.4, total_steps=12, cycle_momentum=False)


def warmed(optimizer):
    linear = lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=4)
    cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=8, eta_min=0.02)
    return lr_scheduler.SequentialLR(optimizer, [linear, cosine], milestones=[4])


torch.manual_seed(0)
varied = [0.1, 0.05, 0.2, 0.01, 0.1]
golden = {
    "optimizers": [
        optimizer("SGD", [0.1] * 4),
        optimizer("SGD", [0.1] * 4, momentum=0.9),
        optimizer("SGD", [0.1] * 4, weight_decay=0.05),
        optimizer("SGD", varied, momentum=0.8, weight_decay=0.05),
        optimizer("SGD", varied, momentum=0.8, weight_decay=0.05, nesterov=True),
        optimizer("SGD", varied, momentum=0.8, weight_decay=0.05, bias={"lr": 10, "weight_decay": 0}),
        optimizer("AdamW", [0.01] * 4),
        optimizer("AdamW", varied, weight_decay=0),
        optimizer("AdamW", varied, betas=[0.8, 0.95], eps=1e-3, weight_decay=0.3),
        optimizer("AdamW", varied, weight_decay=0.3, bias={"weight_decay": 0}),
        optimizer("RMSprop", [0.01] * 4),
        optimizer("RMSprop", varied, momentum=0.9, weight_decay=0.05),
        optimizer("RMSprop", varied, alpha=0.9, eps=1e-3, momentum=0.5),
    ],
    "schedules": {
        "step": rates(0.4, 12, lambda optimizer: lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.5)),
        "milestones": rates(0.4, 12, lambda optimizer: lr_scheduler.MultiStepLR(optimizer, milestones=[2, 7])),
        "cosine": rates(0.4, 12, lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, T_max=12, eta_min=0.02)),
        "exponential": rates(0.4, 12, lambda optimizer: lr_scheduler.ExponentialLR(optimizer, gamma=0.9)),
        "oneCycle": rates(0.4, 12, one_cycle),
        "warmup": rates(0.4, 12, warmed),
    },
}
with open(sys.argv[1], "w") as file:
    json.dump(golden, file)
    file.write("\n")
