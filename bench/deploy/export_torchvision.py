"""Writes torchvision's model argv[1], with random weights, as the ONNX file argv[2] by torch's own exporter."""

import sys

import torch
import torchvision

_, name, path = sys.argv
torch.manual_seed(0)
model = torchvision.models.get_model(name, weights=None)
model.eval()
image = torch.zeros(1, 3, 224, 224)
torch.onnx.export(model, (image,), path, dynamo=False, opset_version=18, input_names=["images"], output_names=["logits"])
