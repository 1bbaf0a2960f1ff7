"""Goes on with the training of a net from cnnzoo, on as many processes as torchrun starts (docs/scaling.md):

    torchrun --nproc-per-node N continue_training.py NAME IN.safetensors FOLDER OUT.safetensors [options]

FOLDER holds a folder of images for each class, as the `train` of cnnzoo's imageFolder does. OUT has the keys of IN. On
GPUs it takes the backend nccl, else gloo. Only gloo, on CPUs, was ever run: nccl was not.
"""

import argparse
import os
import unicodedata

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler
from torchvision import transforms
from torchvision.datasets import ImageFolder

import nets

# ImageNet's, as in torchvision's and cnnzoo's weights.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ClassFolders(ImageFolder):
    """torchvision's ImageFolder without what systems leave behind; accents are sorted as cnnzoo's imageFolder does it."""

    def find_classes(self, directory):
        left = (".", "__MACOSX")
        folders = [entry.name for entry in os.scandir(directory) if entry.is_dir() and not entry.name.startswith(left)]
        classes = sorted(folders, key=lambda name: unicodedata.normalize("NFC", name))
        return classes, {name: label for label, name in enumerate(classes)}


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("name", "weights", "folder", "out"):
        parser.add_argument(name)
    parser.add_argument("--size", type=int, default=224, help="pixels of a side")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=32, help="images of a step in each process")
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--workers", type=int, default=0, help="processes that load images, beside each process")
    return parser.parse_args()


def train(options, device):
    augment = transforms.Compose(
        [
            transforms.RandomResizedCrop(options.size),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    images = ClassFolders(options.folder, augment)
    sampler = DistributedSampler(images)
    loader = DataLoader(images, options.batch_size, sampler=sampler, num_workers=options.workers)
    net = nets.build(options.name, options.size, options.size, len(images.classes))
    net.load_state_dict(load_file(options.weights), strict=True)
    # Gradients are averaged over the processes; the first one's running statistics are everyone's.
    parallel = DistributedDataParallel(net.to(device))
    optimizer = torch.optim.SGD(parallel.parameters(), lr=options.lr, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.epochs * len(loader))
    for epoch in range(options.epochs):
        parallel.train()
        sampler.set_epoch(epoch)
        total = torch.zeros(2, device=device)
        for x, y in loader:
            optimizer.zero_grad()
            loss = cross_entropy(parallel(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
            schedule.step()
            total += torch.tensor([loss.item() * len(y), len(y)], device=device)
        dist.all_reduce(total)
        if dist.get_rank() == 0:
            print(f"epoch {epoch}: loss {total[0] / total[1]:.4f}, processes {dist.get_world_size()}", flush=True)
    if dist.get_rank() == 0:
        save_file({key: value.cpu().contiguous() for key, value in net.state_dict().items()}, options.out)


if __name__ == "__main__":
    on_gpu = torch.cuda.is_available()
    dist.init_process_group("nccl" if on_gpu else "gloo")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    try:
        train(arguments(), device)
    finally:
        dist.destroy_process_group()
