"""PyTorch's numbers that core's trainer is tested against: training.py OUT.json (packages/core/test/train/goldens)."""

import json
import sys

import torch
from torch import nn
from torch.nn import functional


def listed(tensor):
    return {"shape": list(tensor.shape), "data": tensor.detach().reshape(-1).tolist()}


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


def recipe(batch, accumulated, max_norm, decay):
    """AdamW on steps of several batches, weighed by their images, with clipping, smoothed labels and an average."""
    net = Net()
    x, y = torch.randn(10, 1, 6, 5), torch.tensor([0, 1, 2, 3, 3, 2, 1, 0, 1, 2])
    start = state(net)
    # A large eps: the gradient of the bias before BatchNorm is rounding noise, which Adam would blow up.
    options = {"lr": 0.01, "weight_decay": 0.1, "eps": 1e-3}
    optimizer = torch.optim.AdamW(net.parameters(), **options)
    average = {key: value.clone() for key, value in net.state_dict().items() if "num_batches" not in key}
    batches = list(zip(x.split(batch), y.split(batch)))
    losses, norms = [], []
    for start_at in range(0, len(batches), accumulated):
        group = batches[start_at : start_at + accumulated]
        images = sum(len(labels) for _, labels in group)
        optimizer.zero_grad()
        total = 0
        for part, labels in group:
            loss = functional.cross_entropy(net(part), labels, label_smoothing=0.1) * len(labels) / images
            loss.backward()
            total += loss.item()
        norms.append(nn.utils.clip_grad_norm_(net.parameters(), max_norm).item())
        optimizer.step()
        losses.append(total)
        for key, value in net.state_dict().items():
            if key in average:
                average[key] = decay * average[key] + (1 - decay) * value
    return {
        "x": listed(x.permute(0, 2, 3, 1).contiguous()),
        "y": y.tolist(),
        "batch": batch,
        "accumulate": accumulated,
        "clip": max_norm,
        "norms": norms,
        "decay": decay,
        "start": start,
        "options": options,
        "losses": losses,
        "end": state(net),
        "average": {key: listed(value) for key, value in average.items()},
    }


def loss(function, logits, targets, **options):
    """A loss and its gradient by the logits. Targets are labels or shares of the classes."""
    logits = logits.clone().requires_grad_()
    tensors = {key: torch.tensor(value) if key == "weight" else value for key, value in options.items()}
    value = getattr(functional, function)(logits, targets, **tensors)
    value.backward()
    return {
        "function": function,
        "options": options,
        "logits": listed(logits),
        "targets": listed(targets),
        "loss": value.item(),
        "gradient": listed(logits.grad),
    }


def losses():
    logits, labels = torch.randn(5, 4), torch.tensor([3, 0, 1, 1, 2])
    shares = torch.rand(5, 4).softmax(1)
    several = torch.randint(2, (5, 4)).float()
    weight = [0.5, 2.0, 1.0, 0.25]
    entropy, binary = "cross_entropy", "binary_cross_entropy_with_logits"
    return [
        loss(entropy, logits, labels),
        loss(entropy, torch.randn(3, 4) * 1e4, torch.tensor([0, 1, 2])),
        loss(entropy, logits, labels, label_smoothing=0.1),
        loss(entropy, logits, labels, weight=weight),
        loss(entropy, logits, labels, weight=weight, label_smoothing=0.1),
        loss(entropy, logits, shares),
        loss(entropy, logits, shares, weight=weight, label_smoothing=0.2),
        loss(binary, logits, several),
        loss(binary, logits * 20, shares),
        loss(binary, logits, several, weight=weight),
    ]


torch.manual_seed(0)
golden = {"training": training(2), "recipe": recipe(batch=4, accumulated=2, max_norm=0.5, decay=0.8), "losses": losses()}
with open(sys.argv[1], "w") as file:
    json.dump(golden, file)
    file.write("\n")
