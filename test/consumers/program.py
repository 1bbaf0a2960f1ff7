"""A program that has onnx and onnxruntime alone: checks exported files in full, runs them, and prints their logits as JSON lines."""
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

place = Path(sys.argv[1])
for case in json.loads((place / "cases.json").read_text())["cases"]:
    path = str(place / case["onnx"])
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answers = []
    for batch in case["batches"]:
        n, h, w, c = batch["shape"]
        images = np.fromfile(place / batch["channelsFirst"], np.float32).reshape(n, c, h, w)
        answers.append(session.run(["logits"], {"images": images})[0].ravel().tolist())
    print(json.dumps({"name": case["name"], "answers": answers}))
