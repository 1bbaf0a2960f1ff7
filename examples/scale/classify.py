"""Classifies a folder of images by an exported net on several workers of Ray Data, into the lines of `cnnzoo classify --out`.

python classify.py resnet18.onnx photos results.jsonl --workers 2
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow
import ray
from PIL import Image, ImageOps

ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}


def preprocess(path, how):
    """Returns an image as cnnzoo preprocesses it: float32 [channels, height, width]."""
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB" if how["channels"] == 3 else "L")
    height, width = how["crop"]
    short, long = min(image.size), max(image.size)
    if how["resize"] is None:
        image = image.resize((width, height), Image.BILINEAR)
    else:
        side = int(how["resize"] * long / short)
        size = (how["resize"], side) if image.width <= image.height else (side, how["resize"])
        image = image.resize(size, Image.BILINEAR)
    # Python's round is half to even, as torchvision's crop. A smaller image is surrounded by black.
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    if image.width < width:
        left = -((width - image.width) // 2)
    if image.height < height:
        top = -((height - image.height) // 2)
    pixels = np.asarray(image.crop((left, top, left + width, top + height)), np.float32) / np.float32(255)
    pixels = pixels.reshape(height, width, how["channels"])
    normal = (pixels - np.float32(how["mean"])) / np.float32(how["std"])
    return normal.transpose(2, 0, 1)


class Worker:
    """A process with a session of its own. Ray gives it batches of paths."""

    def __init__(self, model, folder, top, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        facts = self.session.get_modelmeta().custom_metadata_map
        self.how = json.loads(facts["preprocessing"])
        self.categories = json.loads(facts["categories"]) if "categories" in facts else None
        self.activation = facts["activation"]
        self.folder, self.top = Path(folder), top

    def scores(self, images):
        [logits] = self.session.run(["logits"], {"images": np.stack(images)})
        if self.activation == "sigmoid":
            return 1 / (1 + np.exp(-logits))
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def __call__(self, batch):
        names = [str(name) for name in batch["image"]]
        images, errors = [], {}
        for name in names:
            try:
                images.append(preprocess(self.folder / name, self.how))
            except Exception as error:
                errors[name] = {"code": "IMAGE", "message": f"{name}: {error}"}
        rows = iter(self.scores(images) if images else [])
        lines = []
        for name in names:
            line = {"image": name}
            if name in errors:
                line["error"] = errors[name]
            else:
                row = next(rows)
                best = np.argsort(-row, kind="stable")[: self.top]
                label = lambda i: self.categories[i] if self.categories else str(i)
                line["predictions"] = [{"label": label(i), "index": int(i), "score": float(row[i])} for i in best]
            lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
        return {"image": names, "line": lines}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="threads of each worker")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--top", type=int, default=5)
    args = parser.parse_args()
    folder = Path(args.folder)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.suffix.lower() in ENDINGS)
    if not names:
        parser.error(f"there is no image in {folder}")
    # Created before the work: a file that is there stays.
    with open(args.out, "x", encoding="utf8") as out:
        # One processor more than workers: Ray's own tasks need one, or they wait for the workers that wait for them.
        local = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": args.workers + 1}
        ray.init(**local, logging_level="ERROR")
        ray.data.DataContext.get_current().enable_progress_bars = False
        batches = [names[i : i + args.batch] for i in range(0, len(names), args.batch)]
        images = ray.data.from_arrow([pyarrow.table({"image": batch}) for batch in batches])
        results = images.map_batches(
            Worker,
            fn_constructor_args=(str(Path(args.model).resolve()), str(folder.resolve()), args.top, args.threads),
            batch_size=args.batch,
            compute=ray.data.ActorPoolStrategy(size=args.workers),
            num_cpus=1,
        )
        start, first, lines = time.perf_counter(), None, {}
        for row in results.iter_rows():
            first = first or time.perf_counter()
            lines[row["image"]] = row["line"]
        seconds = time.perf_counter() - start
        # Workers end in any order. The file has the order of the paths.
        for name in names:
            out.write(lines[name] + "\n")
    failed = sum("error" in json.loads(line) for line in lines.values())
    report = {"images": len(names), "failed": failed, "workers": args.workers, "seconds": round(seconds, 2)}
    print(json.dumps({**report, "toFirst": round((first or start) - start, 2)}))


if __name__ == "__main__":
    main()
