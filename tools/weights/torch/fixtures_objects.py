"""Small checkpoints with every type and with the objects that training scripts keep beside the weights, and their values:
fixtures_objects.py DIR (packages/core/test/formats/fixtures)."""

import argparse
import json
import pathlib
import sys
import warnings
from collections import Counter, OrderedDict, defaultdict

import numpy
import torch
from safetensors.torch import save_file
from torch import nn

out = pathlib.Path(sys.argv[1])
torch.manual_seed(0)
warnings.simplefilter("ignore")
# A whole model in the old container carries the text of its program and the path to it.
torch.serialization.get_source_lines_and_file = lambda *_: (["class Net: ...\n"], 1, "net.py")

WHOLE = (torch.uint64, torch.uint32, torch.uint16, torch.uint8, torch.int64, torch.int32, torch.int16, torch.int8, torch.bool)


def listed(tensor):
    """Values as text, so that JSON keeps every bit; not-a-number and infinities by name."""
    tensor = tensor.detach()
    values = tensor.contiguous().reshape(-1)
    # Not every type of 8 bits has a conversion to float64.
    numbers = [int(v) for v in values.tolist()] if tensor.dtype in WHOLE else values.float().double().tolist()
    return {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "values": [str(n) if tensor.dtype in WHOLE else repr(n) for n in numbers],
    }


def write(name, state, plain=None, **options):
    """The same object in both of torch's containers, and the values of its state dict."""
    torch.save(state, out / f"{name}.zip.pth", **options)
    torch.save(state, out / f"{name}.legacy.pth", _use_new_zipfile_serialization=False, **options)
    if plain is not None:
        (out / f"{name}.json").write_text(json.dumps({k: listed(v) for k, v in plain.items()}))


every_byte = torch.arange(256, dtype=torch.uint8)
words = torch.tensor([0, 1, 2**15 - 1, 2**15, 2**16 - 1, 77], dtype=torch.int32).to(torch.uint16).reshape(2, 3)
dtypes = {
    "int8": torch.tensor([-128, -1, 0, 127], dtype=torch.int8),
    "int16": torch.tensor([[-(2**15), -1], [0, 2**15 - 1]], dtype=torch.int16),
    "uint16": words,
    "uint32": torch.tensor([0, 2**31, 2**32 - 1]).to(torch.uint32),
    "uint64": torch.tensor([0, 1, -1, -(2**63)]).view(torch.uint64),
    "float8_e4m3fn": every_byte.clone().view(torch.float8_e4m3fn),
    "float8_e5m2": every_byte.clone().view(torch.float8_e5m2),
    "float8_e4m3fnuz": every_byte.clone().view(torch.float8_e4m3fnuz),
    "float8_e5m2fnuz": every_byte.clone().view(torch.float8_e5m2fnuz),
    "float8_e8m0fnu": every_byte.clone().view(torch.float8_e8m0fnu),
    "float8_matrix": every_byte[:24].clone().reshape(4, 6).view(torch.float8_e4m3fn),
}
views = {
    **dtypes,
    "uint16_transposed": words.t(),
    "uint16_row": words[1],
    "uint16_column": words[:, 2],
    "float8_transposed": dtypes["float8_matrix"].t(),
    "int16_transposed": dtypes["int16"].t(),
    "empty": torch.zeros(0, 3, dtype=torch.uint16),
}
write("dtypes", views, views)
save_file({key: value.contiguous().clone() for key, value in views.items()}, out / "dtypes.safetensors")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 3, (3, 1))
        self.fc = nn.Linear(4, 2)


class Config(dict):
    pass


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
net.conv1(torch.ones(1, 2, 4, 4)).sum().add(net.fc(torch.ones(1, 4)).sum()).backward()
optimizer.step()
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 5])
weights = OrderedDict((key, nn.Parameter(value.detach())) for key, value in net.state_dict().items())
weights["fc.weight"].tag = "with an attribute"

beside = {
    "optimizer": optimizer.state_dict(),
    "optimizer_object": optimizer,
    "scheduler": scheduler.state_dict(),
    "counter": Counter("abca"),
    "groups": defaultdict(list, {"a": [1], "b": [2, 3]}),
    "nested": defaultdict(dict, {1: {2: 3}}),
    "device": torch.device("cuda", 0),
    "dtype": torch.float16,
    "layout": torch.strided,
    "size": torch.Size([2, 3]),
    "bytes": b"\x00\xff raw",
    "bytearray": bytearray(b"\x00\xff raw"),
    "no_bytes": b"",
    "set": {1, 2, 3},
    "frozenset": frozenset({"a"}),
    "complex": 1 + 2j,
    "big": 2**100,
    "tuple": (1, None, True, ("deep", [0.5])),
    "generator": torch.get_rng_state()[:8].clone(),
    "args": argparse.Namespace(lr=0.1, data=pathlib.PurePosixPath("data"), classes={"cat", "dog"}),
    "config": Config(lr=0.1),
    "best": numpy.float64(0.75),
    "history": numpy.arange(4.0),
    "numpy_dtype": numpy.dtype("int32"),
    "half_precision": {"complex64": torch.tensor([1 + 2j]), "sparse": torch.eye(2).to_sparse()},
    "quantised": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    "function": len,
    "type": nn.ReLU,
    "module": nn.ReLU(),
}
for protocol in (2, 3, 4, 5):
    name = "objects" if protocol == 2 else f"objects-{protocol}"
    write(name, {"epoch": 3, "state_dict": weights, **beside}, weights if protocol == 2 else None, pickle_protocol=protocol)

# Tensors that a state dict may hold and that have no plain values.
refused = {
    "complex64": torch.tensor([1 + 2j]),
    "complex128": torch.tensor([1 + 2j], dtype=torch.complex128),
    "complex32": torch.tensor([1 + 2j]).to(torch.complex32),
    "conjugated": torch.tensor([1 + 2j]).conj(),
    "qint8": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    "quint8": torch.quantize_per_channel(torch.ones(2, 2), torch.tensor([0.1, 0.2]), torch.tensor([0, 0]), 0, torch.quint8),
    "qint32": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint32),
    "sparse": torch.eye(2).to_sparse(),
    "csr": torch.eye(2).to_sparse_csr(),
    "meta": torch.ones(2, device="meta"),
    "float4": torch.zeros(2, dtype=torch.uint8).view(torch.float4_e2m1fn_x2),
    "bits8": torch.zeros(2, dtype=torch.uint8).view(torch.bits8),
    "nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
}
for name, tensor in refused.items():
    write(f"refused-{name}", {"weight": tensor, "bias": torch.ones(1)})

write("module", Net())
write("module-wrapped", {"epoch": 3, "model": nn.Sequential(nn.Linear(2, 2), nn.ReLU())})
