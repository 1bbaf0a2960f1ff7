"""Small checkpoints that torch and safetensors wrote, and their values: fixtures.py DIR (packages/core/test/formats/fixtures)."""

import json
import os
import pathlib
import pickle
import sys
import tempfile
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
torch.serialization.set_crc32_options(False)
torch.save(net.state_dict(), out / "no-checksums.zip.pth")
torch.serialization.set_crc32_options(True)
write("parameters", OrderedDict((key, nn.Parameter(value)) for key, value in net.named_parameters()))
write("half", {key: value.half() if value.is_floating_point() else value for key, value in net.state_dict().items()})
write("wrapped", {"epoch": 3, "state_dict": net.state_dict(), "arch": "net"}, net.state_dict())

# A training's checkpoint: weights and their average, beside an optimizer that has taken a step.
raw, ema = nn.Linear(3, 2), nn.Linear(3, 2)
adam = torch.optim.Adam(raw.parameters())
raw(torch.ones(1, 3)).sum().backward()
adam.step()
for value, layer in enumerate((raw, ema), 1):
    for parameter in layer.parameters():
        nn.init.constant_(parameter, value)
several = {"params": raw.state_dict(), "params_ema": ema.state_dict(), "iter": 3, "optimizer": adam.state_dict()}
for container, is_zip in (("zip", True), ("legacy", False)):
    torch.save(several, out / f"several.{container}.pth", _use_new_zipfile_serialization=is_zip)

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
types = {
    "float32": torch.tensor(specials),
    "float16": torch.tensor(specials).half(),
    "bfloat16": torch.tensor(specials).bfloat16(),
    "float64": torch.tensor([1 / 3, 1e300, -0.0], dtype=torch.float64),
    "int64": torch.tensor([2**62, -1, 0]),
    "int32": torch.tensor([2**31 - 1, -(2**31)], dtype=torch.int32),
    "uint8": torch.tensor([0, 255], dtype=torch.uint8),
    "bool": torch.tensor([True, False]),
}
write("types", types)
save_file({key: value.contiguous() for key, value in net.state_dict().items()}, out / "net.safetensors", {"made": "by Python"})
save_file(types, out / "types.safetensors")

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

# What a training script keeps: the optimizer's tensors lie between those of the net.
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
net.bn1(net.conv1(torch.ones(2, 2, 4, 4))).sum().add(net.fc(torch.ones(1, 4)).sum()).backward()
optimizer.step()
training = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}
write("training", training, net.state_dict())
torch.save({"epoch": 3, "loss": [0.5, 0.25]}, out / "epochs.zip.pth")
torch.save({"epoch": 3, "loss": [0.5, 0.25]}, out / "epochs.legacy.pth", _use_new_zipfile_serialization=False)

kernel = torch.arange(48, dtype=torch.float32).reshape(2, 3, 2, 4)
write(
    "channels-last",
    {
        "float32": kernel.to(memory_format=torch.channels_last),
        "float16": kernel.half().to(memory_format=torch.channels_last),
        "float64": kernel.double().to(memory_format=torch.channels_last),
        "bool": (kernel % 3 == 0).to(memory_format=torch.channels_last),
        "permuted": kernel.permute(3, 0, 2, 1),
        "joined": kernel.reshape(6, 8).t().reshape(2, 4, 6),
        "repeated": kernel[0, 0].expand(2, 3, 2, 4)[:, 1:],
        "one": kernel[1:, :, :, 2:3],
    },
)
torch.save({"weight": torch._neg_view(torch.ones(2))}, out / "negated.zip.pth")


def rewrite(name, method, edit=lambda entry, content: content, limit=None):
    """The checkpoint of all types as another program could have packed it; torch reads it as it reads the original."""
    zipfile.ZIP64_LIMIT = limit or zipfile.ZIP64_LIMIT
    with zipfile.ZipFile(out / "types.zip.pth") as source, zipfile.ZipFile(out / name, "w", method) as target:
        for entry in source.namelist():
            target.writestr(entry.replace("types/", "any folder/", 1), edit(entry, source.read(entry)))
    read, expected = torch.load(out / name), torch.load(out / "types.zip.pth")
    assert all(torch.equal(torch.nan_to_num(read[key]), torch.nan_to_num(value)) for key, value in expected.items())


def turned(entry, content):
    """Each value's bytes from the last to the first: the storages lie in the order of the keys."""
    if entry.endswith("/byteorder"):
        return b"big"
    if "/data/" not in entry:
        return content
    size = list(torch.load(out / "types.zip.pth").values())[int(entry.rsplit("/", 1)[1])].element_size()
    return b"".join(content[at : at + size][::-1] for at in range(0, len(content), size))


rewrite("deflated.zip.pth", zipfile.ZIP_DEFLATED)
rewrite("big-endian.zip.pth", zipfile.ZIP_STORED, turned)
# Every size and offset in the fields of zip64.
rewrite("zip64.zip.pth", zipfile.ZIP_STORED, limit=-1)

# Types that a state dict can hold, names and metadata that JSON has to escape: the writer must give these very bytes.
save_file(
    {
        "float64": torch.tensor([1 / 3, 1e300, -0.0], dtype=torch.float64),
        "int64": torch.tensor([2**62, -1, 0]),
        "float32": torch.tensor([[1.5, -2.5]]),
        "a.float32": torch.tensor(specials),
        "empty": torch.zeros(0, 3),
        "int32": torch.tensor(7, dtype=torch.int32),
        "uint8": torch.tensor([0, 255, 3], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        'schön "\\\n\u0001\u2028': torch.ones(1),
        "__proto__": torch.ones(2),
    },
    out / "written.safetensors",
    {"ключ": 'a "value"\t'},
)
floats = torch.cat([torch.randn(200) * 10.0**e for e in range(-9, 6)] + [torch.tensor(specials)])
save_file({"float32": floats, "int64": torch.tensor([3])}, out / "floats.safetensors")
save_file({"float32": floats.half(), "int64": torch.tensor([3])}, out / "halves.safetensors")
