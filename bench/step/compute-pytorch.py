"""ResNet-50 on one image (argv[1] is 'forward'), or a training step of ResNet-18 on 8 ('train'), at 224 px, on argv[2] threads."""

import sys

import torch
import torchvision
from bench_report import report_least, report_median

torch.manual_seed(0)
torch.set_num_threads(int(sys.argv[2]))


def forward():
    net = torchvision.models.resnet50(weights=None).eval()
    image = torch.rand(1, 3, 224, 224) * 4 - 2

    def infer():
        with torch.inference_mode():
            net(image)

    report_median(10, infer)


def train():
    net = torchvision.models.resnet18(weights=None).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    images = torch.rand(8, 3, 224, 224) * 4 - 2
    labels = torch.arange(8)

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()

    report_least(8, step)


{"forward": forward, "train": train}[sys.argv[1]]()
