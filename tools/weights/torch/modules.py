"""PyTorch modules of the nets that torchvision lacks, in the form that textbooks give them."""

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock


def pooled(size):
    """A side of the image after both convolutions and poolings."""
    return (size // 2 - 4) // 2


def lenet(activation, pool, height, width, classes):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        activation(),
        pool(2),
        nn.Conv2d(6, 16, 5),
        activation(),
        pool(2),
        nn.Flatten(),
        nn.Linear(16 * pooled(height) * pooled(width), 120),
        activation(),
        nn.Linear(120, 84),
        activation(),
        nn.Linear(84, classes),
    )


def nin_block(channels_in, widths, kernel, stride=1, padding=0):
    layers, channels = [], channels_in
    for i, width in enumerate(widths):
        conv = nn.Conv2d(channels, width, kernel, stride, padding) if i == 0 else nn.Conv2d(channels, width, 1)
        layers += [conv, nn.ReLU()]
        channels = width
    return layers


def nin(classes):
    return nn.Sequential(
        nn.Sequential(*nin_block(3, [96] * 3, 11, stride=4)),
        nn.MaxPool2d(3, 2),
        nn.Sequential(*nin_block(96, [256] * 3, 5, padding=2)),
        nn.MaxPool2d(3, 2),
        nn.Sequential(*nin_block(256, [384] * 3, 3, padding=1)),
        nn.MaxPool2d(3, 2),
        nn.Dropout(0.5),
        nn.Sequential(*nin_block(384, [classes] * 3, 3, padding=1)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


def nin_cifar(classes):
    """With the names of the published Caffe model."""
    convs = iter(["conv1", "cccp1", "cccp2", "conv2", "cccp3", "cccp4", "conv3", "cccp5", "cccp6"])
    net = nn.Sequential()

    def add(layers):
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                name = next(convs)
            net.add_module(name if isinstance(layer, nn.Conv2d) else f"relu_{name}", layer)

    add(nin_block(3, [192, 160, 96], 5, padding=2))
    net.add_module("pool1", nn.MaxPool2d(3, 2, ceil_mode=True))
    net.add_module("drop3", nn.Dropout(0.5))
    add(nin_block(96, [192, 192, 192], 5, padding=2))
    net.add_module("pool2", nn.AvgPool2d(3, 2, ceil_mode=True))
    net.add_module("drop6", nn.Dropout(0.5))
    add(nin_block(192, [192, 192, classes], 3, padding=1))
    net.add_module("pool3", nn.AdaptiveAvgPool2d(1))
    net.add_module("flatten", nn.Flatten())
    return net


class OptionA(nn.Module):
    """He et al., 2015, section 3.3: every other pixel, and zeros on both sides of the channels."""

    def __init__(self, more, stride):
        super().__init__()
        self.side, self.stride = more // 2, stride

    def forward(self, x):
        return nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.side, self.side))


class ResNetCifar(nn.Module):
    """Basic blocks of torchvision in the three stages of He et al., 2015, section 4.2."""

    def __init__(self, depth, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        channels = 16
        for i, width in enumerate([16, 32, 64]):
            blocks = []
            for j in range(depth):
                stride = 2 if i > 0 and j == 0 else 1
                shortcut = OptionA(width - channels, stride) if stride == 2 else None
                blocks.append(BasicBlock(channels, width, stride, shortcut))
                channels = width
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        x = nn.functional.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


class Unit(nn.Sequential):
    def __init__(self, channels_in, channels, kernel, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2)
        self.relu = nn.ReLU()


class Inception(nn.Module):
    def __init__(self, channels, c1, r3, c3, r5, c5, pool):
        super().__init__()
        self.branch1 = Unit(channels, c1, 1)
        self.branch2 = nn.Sequential(Unit(channels, r3, 1), Unit(r3, c3, 3))
        self.branch3 = nn.Sequential(Unit(channels, r5, 1), Unit(r5, c5, 5))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), Unit(channels, pool, 1))

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class PaperAux(nn.Module):
    """Its first linear layer is as wide as the pooled map of this image size is large."""

    def __init__(self, channels, height, width, classes):
        super().__init__()
        self.pool = nn.AvgPool2d(5, 3)
        self.conv = Unit(channels, 128, 1)
        self.fc1 = nn.Linear(128 * ((height - 5) // 3 + 1) * ((width - 5) // 3 + 1), 1024)
        self.drop = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, classes)

    def forward(self, x):
        x = self.conv(self.pool(x)).flatten(1)
        return self.fc2(self.drop(nn.functional.relu(self.fc1(x))))


class GoogLeNetPaper(nn.Module):
    """Szegedy et al., 2014, with torchvision's names."""

    def __init__(self, height, width, classes, aux):
        super().__init__()
        pool = lambda: nn.MaxPool2d(3, 2, ceil_mode=True)
        norm = lambda: nn.LocalResponseNorm(5)
        self.conv1, self.maxpool1, self.norm1 = Unit(3, 64, 7, 2), pool(), norm()
        self.conv2, self.conv3, self.norm2, self.maxpool2 = Unit(64, 64, 1), Unit(64, 192, 3), norm(), pool()
        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.maxpool3 = pool()
        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.maxpool4 = pool()
        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.fc = nn.Linear(1024, classes)
        if aux:
            half = lambda size: -(-size // 2)
            at_4a = [half_pools(half(size)) for size in (height, width)]
            self.aux1 = PaperAux(512, *at_4a, classes)
            self.aux2 = PaperAux(528, *at_4a, classes)

    def forward(self, x):
        x = self.norm1(self.maxpool1(self.conv1(x)))
        x = self.maxpool2(self.norm2(self.conv3(self.conv2(x))))
        x = self.maxpool3(self.inception3b(self.inception3a(x)))
        x = self.inception4d(self.inception4c(self.inception4b(self.inception4a(x))))
        x = self.maxpool4(self.inception4e(x))
        x = self.inception5b(self.inception5a(x))
        return self.fc(x.mean((2, 3)))


def half_pools(size):
    """A side of the map behind three 3x3 pools of stride 2 that round up."""
    for _ in range(3):
        size = -(-(size - 3) // 2) + 1
    return size


class TextbookResidual(nn.Module):
    """Biased convolutions, and a 1x1 shortcut without BatchNorm."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(channels)
        same = stride == 1 and channels_in == channels
        self.downsample = None if same else nn.Conv2d(channels_in, channels, 1, stride)

    def forward(self, x):
        y = self.bn2(self.conv2(nn.functional.relu(self.bn1(self.conv1(x)))))
        return nn.functional.relu(y + (x if self.downsample is None else self.downsample(x)))


def textbook_resnet18(classes):
    """As in examples/textbook-resnet.ts."""
    stem = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    stages, channels = [], 64
    for i in range(4):
        width = 64 * 2**i
        blocks = [TextbookResidual(channels, width, 2 if i else 1), TextbookResidual(width, width, 1)]
        stages.append(nn.Sequential(*blocks))
        channels = width
    return nn.Sequential(stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


# By name: (height, width, classes, aux) -> module, and the published number of classes.
MODULES = {
    "lenet5": (lambda h, w, classes, _: lenet(nn.Sigmoid, nn.AvgPool2d, h, w, classes), 10),
    "lenet5_relu": (lambda h, w, classes, _: lenet(nn.ReLU, nn.MaxPool2d, h, w, classes), 10),
    "nin": (lambda h, w, classes, _: nin(classes), 1000),
    "nin_cifar": (lambda h, w, classes, _: nin_cifar(classes), 10),
    "resnet20": (lambda h, w, classes, _: ResNetCifar(3, classes), 10),
    "resnet32": (lambda h, w, classes, _: ResNetCifar(5, classes), 10),
    "resnet44": (lambda h, w, classes, _: ResNetCifar(7, classes), 10),
    "resnet56": (lambda h, w, classes, _: ResNetCifar(9, classes), 10),
    "resnet110": (lambda h, w, classes, _: ResNetCifar(18, classes), 10),
    "googlenet_paper": (GoogLeNetPaper, 1000),
    "textbook_resnet18": (lambda h, w, classes, _: textbook_resnet18(classes), 10),
}
