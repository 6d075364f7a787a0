"""What a stranger does with a repo of the Hub, in a process of its own; prints what came out as JSON.

python -I tests/support/load_checks.py ORG/NAME...

Importing this repository's packages is an error here. Starting up costs more than all checks, so they share a process.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoModelForImageClassification, pipeline


def difference(logits: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest change of a logit, as a share of the largest logit."""
    return float((logits.float() - expected).abs().max() / expected.abs().max())


def three_pictures() -> list[Image.Image]:
    """Noise, the same every time."""
    noise = np.random.default_rng(1).integers(0, 256, (3, 90, 90, 3), dtype=np.uint8)
    return [Image.fromarray(picture) for picture in noise]


def check(repo: str) -> dict:
    """Every way of loading the repo, compared with the logits of the first."""
    trust = {"trust_remote_code": True}
    pictures = three_pictures()
    processor = AutoImageProcessor.from_pretrained(repo, **trust)
    pixel_values = processor(pictures, return_tensors="pt")["pixel_values"]

    def logits(model: torch.nn.Module) -> torch.Tensor:
        with torch.inference_mode():
            return model.eval()(pixel_values.to(model.dtype)).logits

    model, report = AutoModelForImageClassification.from_pretrained(repo, output_loading_info=True, **trust)
    expected = logits(model)
    base = AutoModel.from_pretrained(repo, **trust)
    mapped = AutoModelForImageClassification.from_pretrained(repo, device_map="auto", **trust)
    with torch.device("meta"):
        empty = AutoModelForImageClassification.from_config(AutoConfig.from_pretrained(repo, **trust), **trust)
    classify = pipeline("image-classification", repo, **trust)
    answer = classify(pictures[0], top_k=None)
    shares = expected[0].softmax(dim=0).tolist()
    with tempfile.TemporaryDirectory() as again:
        model.save_pretrained(again)
        processor.save_pretrained(again)
        saved = sorted(file.name for file in Path(again).iterdir())
        resaved = logits(AutoModel.from_pretrained(again, **trust))
    halves = {}
    for dtype in (torch.bfloat16, torch.float16):
        half = AutoModelForImageClassification.from_pretrained(repo, dtype=dtype, **trust)
        kept = {str(parameter.dtype) for parameter in half.parameters()}
        halves[str(dtype)] = {"dtypes": sorted(kept), "difference": difference(logits(half), expected)}
    return {
        "logits": expected.tolist(),
        "missing": sorted(map(str, report["missing_keys"])),
        "classes": [type(one).__name__ for one in (model, base, mapped, empty, processor)],
        "modules": [type(one).__module__.partition(".")[0] for one in (model, base, processor)],
        "automodel": difference(logits(base), expected),
        "device_map": difference(logits(mapped), expected),
        "meta": sorted({str(tensor.device) for tensor in (*empty.parameters(), *empty.buffers())}),
        "pipeline": max(abs(one["score"] - shares[model.config.label2id[one["label"]]]) for one in answer),
        "saved_again": saved,
        "resaved": difference(resaved, expected),
        "halves": halves,
    }


if __name__ == "__main__":
    for package in ("fer_models", "train", "space"):
        sys.modules[package] = None
    print(json.dumps({repo.partition("/")[2]: check(repo) for repo in sys.argv[1:]}))
