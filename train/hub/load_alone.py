"""Load a checkpoint folder as somebody who has nothing else of ours, and write down what it answers.

python -I train/hub/load_alone.py FOLDER ANSWERS.npz

Runs as a process of its own (`train.hub.folder.verify_hub_folder` starts it) and imports nothing of this repository,
so it proves that the folder brings all its code along.
"""

import sys

import numpy as np
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification


def sample_pictures() -> list[Image.Image]:
    """Four made-up RGB pictures of different sizes, always the same ones: blocks of random colours."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, size=(4, 8, 8, 3), dtype=np.uint8)
    sides = (48, 90, 224, 301)
    return [
        Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC)
        for picture, side in zip(blocks, sides, strict=True)
    ]


def main(folder: str, answers: str) -> None:
    for package in ("fer_models", "train"):  # importing them is now an error, whether they are installed or not
        sys.modules[package] = None  # ty: ignore[invalid-assignment] - what import itself looks for
    model, report = AutoModelForImageClassification.from_pretrained(
        folder, trust_remote_code=True, dtype=torch.float32, output_loading_info=True
    )
    missing = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"], *report["unexpected_keys"]]))
    if missing:
        sys.exit(f"the weights do not fit the model: {', '.join(missing[:3])}")
    processor = AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
    with torch.inference_mode():
        logits = model.eval()(**processor(sample_pictures(), return_tensors="pt")).logits
    labels = [model.config.id2label[i] for i in range(model.config.num_labels)]
    np.savez(
        answers, logits=logits.numpy(), labels=labels, modules=[type(model).__module__, type(processor).__module__]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
