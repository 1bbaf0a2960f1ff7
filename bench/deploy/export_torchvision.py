"""Writes torchvision's model argv[1], with random weights, to argv[2]: an ONNX file by torch's own exporter, and its weights."""

import sys

import torch
import torchvision

_, name, onnx_path, weights_path = sys.argv
torch.manual_seed(0)
options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
model = torchvision.models.get_model(name, weights=None, **options)
model.eval()
torch.save(model.state_dict(), weights_path)
torch.onnx.export(
    model,
    (torch.zeros(1, 3, 224, 224),),
    onnx_path,
    dynamo=False,
    opset_version=18,
    input_names=["pixel_values"],
    output_names=["logits"],
    dynamic_axes={"pixel_values": {0: "batch"}, "logits": {0: "batch"}},
)
