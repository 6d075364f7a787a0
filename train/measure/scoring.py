"""A checkpoint and a data set -> logits, with the labels matched by the names of the expressions."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from fer_models.checkpoint import Checkpoint, CheckpointError
from fer_models.expressions import EXPRESSIONS
from fer_models.results import Weights
from train.data.readers import DataError, FaceDataset, relabel
from train.measure.provenance import model_size


def load_checkpoint(source: str) -> Checkpoint:
    """A checkpoint whose classes are expressions, laid out for many pictures at a time, on the GPU if there is one.

    Raises:
        CheckpointError: as `Checkpoint`, or classes that are not expressions.
    """
    checkpoint = Checkpoint(source)
    unknown = [name for name in checkpoint.expressions if name not in EXPRESSIONS]
    if unknown:
        raise CheckpointError(
            f"the classes of {source} are not expressions: unknown expression {unknown[0]!r}; known names: "
            f"{', '.join(EXPRESSIONS)}"
        )
    checkpoint.model.to(memory_format=torch.channels_last)
    return checkpoint


def describe(checkpoint: Checkpoint) -> Weights:
    """Name, weights, parameters, MACs and input size, for a result file."""
    blank = checkpoint.pixel_values([Image.new("RGB", (48, 48))])
    size = model_size(checkpoint.model, blank)
    return Weights(
        name=checkpoint.name,
        sha256=checkpoint.sha256,
        image_size=blank.shape[-1],
        parameters=size["parameters"],
        macs=size["macs"],
    )


def labels_for(data: FaceDataset, checkpoint: Checkpoint) -> tuple[FaceDataset, dict[str, int], np.ndarray]:
    """The data set with the model's class ids, matched by the expressions' names; the orders never matter.

    Returns:
        the data set without the pictures whose expression the model does not know; how many of each those are;
        `(C,)` which of the model's classes the data set has.

    Raises:
        DataError: no picture has an expression that the model knows.
    """
    relabelled, left_out = relabel(data, checkpoint.expressions)
    if not len(relabelled):
        known = ", ".join(checkpoint.expressions)
        raise DataError(f"no expression in common: the data has {', '.join(data.names)}, the model {known}")
    return relabelled, left_out, np.isin(checkpoint.expressions, data.names)


def scoring_order(labels: np.ndarray, seed: int, by_class: bool = False, limit: int | None = None) -> np.ndarray:
    """Row numbers of the pictures in the order in which they are scored.

    Shuffled by `seed`, or class after class with `by_class`: test sets often lie on disk like that, and a model whose
    predictions depend on the rest of the batch then sees the answer in its neighbours. `limit` keeps a random sample.
    """
    order = np.random.default_rng(seed).permutation(len(labels))[:limit]
    return order[np.argsort(labels[order], kind="stable")] if by_class else order


@dataclass
class Scores:
    """rows: `(S,)` row numbers that were scored. logits: `(S, C)` float32, before any temperature.
    unreadable: row numbers whose picture could not be decoded. images_per_second: decoding and resizing included."""

    rows: np.ndarray
    logits: np.ndarray
    unreadable: list[int]
    images_per_second: float


def score(
    checkpoint: Checkpoint,
    data: FaceDataset,
    rows: np.ndarray,
    batch_size: int,
    change: Callable[[Image.Image, int], Image.Image] | None = None,
    progress: str = "",
) -> Scores:
    """Logits of the pictures at `rows`, scored in that order.

    Args:
        change: what is done to each picture before the image processor sees it; gets the picture and its row.
        progress: the words beside the progress bar.
    """
    model, scored, unreadable, logits = checkpoint.model, [], [], []
    start = time.perf_counter()
    bar = tqdm(total=len(rows), desc=progress or checkpoint.name, unit="picture", leave=False, dynamic_ncols=True)
    # TensorFloat-32 would round differently at every batch size.
    with bar, torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for first in range(0, len(rows), batch_size):
            batch = [int(row) for row in rows[first : first + batch_size]]
            pictures = []
            for row in batch:
                try:
                    picture = data[row]["image"]
                except DataError:  # named and counted in the result
                    unreadable.append(row)
                    continue
                pictures.append(change(picture, row) if change else picture)
                scored.append(row)
            if pictures:
                pixel_values = checkpoint.pixel_values(pictures).contiguous(memory_format=torch.channels_last)
                logits.append(model(pixel_values).logits.float().cpu().numpy())
            bar.update(len(batch))
    if not logits:
        raise DataError(f"none of the {len(rows)} pictures could be decoded")
    seconds = time.perf_counter() - start
    return Scores(np.array(scored), np.concatenate(logits), unreadable, len(rows) / seconds)
