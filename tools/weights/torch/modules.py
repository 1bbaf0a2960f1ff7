"""PyTorch modules of the nets that torchvision lacks, in the form that textbooks give them."""

from torch import nn


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


MODULES = {
    "lenet5": lambda height, width, classes: lenet(nn.Sigmoid, nn.AvgPool2d, height, width, classes),
    "lenet5_relu": lambda height, width, classes: lenet(nn.ReLU, nn.MaxPool2d, height, width, classes),
}
