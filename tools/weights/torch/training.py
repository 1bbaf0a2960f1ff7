"""PyTorch's numbers that core's trainer is tested against: training.py OUT.json (packages/core/test/train/goldens)."""

import json
import sys

import torch
from torch import nn
from torch.nn import functional


def listed(tensor):
    return {"shape": list(tensor.shape), "data": tensor.detach().reshape(-1).tolist()}


def sgd(steps, rates, **options):
    """A weight after each of some steps along given gradients, at the learning rates of `rates`."""
    weight = nn.Parameter(torch.randn(2, 3))
    start = listed(weight)
    gradients = torch.randn(steps, 2, 3)
    optimizer = torch.optim.SGD([weight], lr=rates[0], **options)
    weights = []
    for gradient, rate in zip(gradients, rates):
        optimizer.param_groups[0]["lr"] = rate
        weight.grad = gradient.clone()
        optimizer.step()
        weights.append(weight.detach().reshape(-1).tolist())
    return {"options": options, "rates": rates, "start": start, "gradients": listed(gradients), "weights": weights}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.bn = nn.BatchNorm2d(3)
        self.fc = nn.Linear(3, 4)

    def forward(self, x):
        return self.fc(functional.relu(self.bn(self.conv(x))).mean((2, 3)))


def state(net):
    return {key: listed(value) for key, value in net.state_dict().items() if "num_batches" not in key}


def training(epochs):
    """A small net trained on three batches an epoch, the last of them smaller, in order."""
    net = Net()
    x, y = torch.randn(10, 1, 6, 5), torch.tensor([0, 1, 2, 3, 3, 2, 1, 0, 1, 2])
    start = state(net)
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True}
    optimizer = torch.optim.SGD(net.parameters(), **options)
    losses = []
    for _ in range(epochs):
        for images, labels in zip(x.split(4), y.split(4)):
            optimizer.zero_grad()
            loss = functional.cross_entropy(net(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    net.eval()
    logits = net(x)
    return {
        "x": listed(x.permute(0, 2, 3, 1).contiguous()),
        "y": y.tolist(),
        "start": start,
        "options": options,
        "losses": losses,
        "end": state(net),
        "loss": functional.cross_entropy(logits, y).item(),
        "top1": (logits.argmax(1) == y).float().mean().item(),
    }


def cross_entropy(logits, labels):
    logits = logits.clone().requires_grad_()
    loss = functional.cross_entropy(logits, labels)
    loss.backward()
    return {"logits": listed(logits), "labels": labels.tolist(), "loss": loss.item(), "gradient": listed(logits.grad)}


torch.manual_seed(0)
golden = {
    "sgd": [
        sgd(4, [0.1] * 4),
        sgd(4, [0.1] * 4, momentum=0.9),
        sgd(4, [0.1] * 4, weight_decay=0.05),
        sgd(4, [0.1, 0.05, 0.2, 0.01], momentum=0.8, weight_decay=0.05),
        sgd(4, [0.1, 0.05, 0.2, 0.01], momentum=0.8, weight_decay=0.05, nesterov=True),
    ],
    "training": training(2),
    "cross_entropy": [
        cross_entropy(torch.randn(5, 7), torch.randint(7, (5,))),
        cross_entropy(torch.randn(3, 4) * 1e4, torch.tensor([0, 1, 2])),
    ],
}
with open(sys.argv[1], "w") as file:
    json.dump(golden, file)
    file.write("\n")
