"""A net by its cnnzoo name: torchvision's, or ours where torchvision has none."""

import torch

try:
    import torchvision
except RuntimeError:
    # A torchvision built for another torch misses two operators that no classifier uses.
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

from modules import MODULES


def channels_of(name):
    return 1 if name.startswith("lenet") else 3


def build(name, height, width, classes=None, aux=False):
    """The module in evaluation mode, with the published number of classes unless given, and auxiliary heads on demand."""
    if name in MODULES:
        make, published = MODULES[name]
        return make(height, width, classes or published, aux).eval()
    # Its own initial values take seconds to draw.
    options = {"aux_logits": aux, "init_weights": False} if name == "googlenet" else {}
    return getattr(torchvision.models, name)(weights=None, num_classes=classes or 1000, **options).eval()


VERSIONS = {"torch": torch.__version__, "torchvision": torchvision.__version__}
