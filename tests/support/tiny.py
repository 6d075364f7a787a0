"""A small checkpoint and a small data set, made up on the spot for the tests of the measuring commands."""

import json
import warnings
from pathlib import Path

import datasets
import numpy as np
import torch
from PIL import Image

from fer_models import EXPRESSIONS, FERImageProcessor, PAttLiteConfig, PAttLiteForImageClassification
from fer_models.expressions import label_maps

SIDE = 112  # half of PAtt-Lite's input: one patch, and a quarter of the time


def tiny_checkpoint(
    folder: Path, names: tuple[str, ...] = EXPRESSIONS, attention: str = "patch", seed: int = 0
) -> Path:
    """PAtt-Lite with random weights; an expression has the same ones wherever it stands in `names`."""
    torch.manual_seed(seed)
    id2label, label2id = label_maps(names)
    config = PAttLiteConfig(image_size=SIDE, attention=attention, id2label=id2label, label2id=label2id)
    with warnings.catch_warnings(action="ignore"):  # that attention="batch" warns has a test of its own
        model = PAttLiteForImageClassification(config).eval()
    weights = 20 * torch.randn(len(EXPRESSIONS), config.classifier_dim)
    places = [EXPRESSIONS.index(name) for name in names]
    model.classifier.classifier.weight.data = weights[places]
    model.save_pretrained(folder)
    FERImageProcessor(size={"height": SIDE, "width": SIDE}, do_grayscale=True, source_size=48).save_pretrained(folder)
    return folder


def tiny_pictures(count: int) -> list[Image.Image]:
    """Blocks of random grey, 48 x 48: no two alike."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, size=(count, 6, 6), dtype=np.uint8)
    return [Image.fromarray(picture).resize((48, 48), Image.Resampling.NEAREST) for picture in blocks]


def tiny_ferplus(
    file: Path, count: int = 24, broken: tuple[int, ...] = (), splits: tuple[str, ...] = ("PublicTest",)
) -> Path:
    """A parquet file in FER+'s layout: picture i has the label i modulo 8 and the split i modulo their number.

    Args:
        broken: pictures whose bytes are no picture.
    """
    png = file.with_suffix(".png")
    rows = []
    for index, picture in enumerate(tiny_pictures(count)):
        picture.save(png)
        content = b"not a picture" if index in broken else png.read_bytes()
        votes = {name: 10 * (index % 8 == column) for column, name in enumerate(EXPRESSIONS)}
        named = {"image": {"bytes": content, "path": None}, "image_name": f"fer{index:07}.png"}
        rows.append(named | {"usage": splits[index % len(splits)]} | votes | {"unknown": 0, "NF": 0})
    features = datasets.Features(
        {
            name: datasets.Image() if name == "image" else datasets.Value("string" if type(value) is str else "int64")
            for name, value in rows[0].items()
        }
    )
    datasets.Dataset.from_list(rows, features=features).to_parquet(file)
    png.unlink()
    return file


def only_result(folder: Path, pattern: str = "*.json") -> dict:
    """The one result file in `folder` that matches."""
    (file,) = folder.glob(pattern)
    return json.loads(file.read_text())
