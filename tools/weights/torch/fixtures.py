"""Small checkpoints that torch and safetensors wrote, and their values: fixtures.py DIR (packages/core/test/formats/fixtures)."""

import json
import os
import pathlib
import pickle
import sys
import zipfile
from collections import OrderedDict

import torch
from safetensors.torch import save_file
from torch import nn

out = pathlib.Path(sys.argv[1])
torch.manual_seed(0)


def listed(tensor):
    """Values as float64 or as text, so that JSON keeps every bit; not-a-number and infinities by name."""
    if tensor.dtype in (torch.int64, torch.int32, torch.uint8, torch.bool):
        values = [str(int(value)) for value in tensor.reshape(-1)]
    else:
        values = [repr(float(value)) for value in tensor.double().reshape(-1)]
    return {"shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch."), "values": values}


def write(name, state, plain=None):
    """The same state dict in both of torch's containers, and its values."""
    torch.save(state, out / f"{name}.zip.pth")
    torch.save(state, out / f"{name}.legacy.pth", _use_new_zipfile_serialization=False)
    (out / f"{name}.json").write_text(json.dumps({k: listed(v) for k, v in (plain or state).items()}))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 3, (3, 1))
        self.bn1 = nn.BatchNorm2d(3)
        self.fc = nn.Linear(4, 2)


net = Net()
write("net", net.state_dict())
write("parameters", OrderedDict((key, nn.Parameter(value)) for key, value in net.named_parameters()))
write("half", {key: value.half() if value.is_floating_point() else value for key, value in net.state_dict().items()})
write("wrapped", {"epoch": 3, "state_dict": net.state_dict(), "arch": "net"}, net.state_dict())

base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
specials = [0.0, -0.0, 1.0, -2.5, 6e-8, -6.1e-5, 65504.0, float("inf"), -float("inf"), float("nan")]
write(
    "views",
    {
        "whole": base,
        "transposed": base.t(),
        "row": base[2],
        "column": base[:, 3],
        "inner": base[1:3, 2:5],
        "every_second": base[::2, 1::2],
        "expanded": torch.tensor([7.0]).expand(3, 2),
        "tied": base,
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(2.5),
    },
)
write(
    "types",
    {
        "float32": torch.tensor(specials),
        "float16": torch.tensor(specials).half(),
        "bfloat16": torch.tensor(specials).bfloat16(),
        "float64": torch.tensor([1 / 3, 1e300, -0.0], dtype=torch.float64),
        "int64": torch.tensor([2**62, -1, 0]),
        "int32": torch.tensor([2**31 - 1, -(2**31)], dtype=torch.int32),
        "uint8": torch.tensor([0, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False]),
    },
)
save_file({key: value.contiguous() for key, value in net.state_dict().items()}, out / "net.safetensors", {"made": "by Python"})
save_file(
    {
        "float32": torch.tensor(specials),
        "float16": torch.tensor(specials).half(),
        "bfloat16": torch.tensor(specials).bfloat16(),
        "float64": torch.tensor([1 / 3, 1e300, -0.0], dtype=torch.float64),
        "int64": torch.tensor([2**62, -1, 0]),
        "int32": torch.tensor([2**31 - 1, -(2**31)], dtype=torch.int32),
        "uint8": torch.tensor([0, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False]),
    },
    out / "types.safetensors",
)

torch.jit.save(torch.jit.script(nn.Linear(2, 2)), out / "torchscript.pt")


class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


class Thing:
    pass


hostile = {
    "system": Call(os.system, "touch cnnzoo-was-here"),
    "eval": Call(eval, "1"),
    "getattr": Call(getattr, dict, "update"),
    "object": Thing(),
    "nested": OrderedDict(weight=Call(os.system, "true")),
}
for name, value in hostile.items():
    for protocol in (2, 4):
        (out / f"hostile-{name}-{protocol}.pkl").write_bytes(pickle.dumps(value, protocol=protocol))
with zipfile.ZipFile(out / "hostile.zip.pth", "w") as archive:
    archive.writestr("net/data.pkl", pickle.dumps(hostile["nested"], protocol=2))
    archive.writestr("net/byteorder", "little")
    archive.writestr("net/version", "3\n")
