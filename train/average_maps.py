"""The average maps of a checkpoint's weights, which every map of a face has to beat (`fer_models/average_maps.py`).

    python train/average_maps.py checkpoints/pattlite-ferplus --config hub_configs/pattlite-ferplus.yaml \
        --data fer2013plus.parquet

writes `average_maps.npz` beside the weights: for each method and each attention map the mean over a sample of training
faces, the means over those with the same answer, and nineteen single faces' maps. Again after each training.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fer_models.average_maps import FILE, Baselines, make_baselines, write_baselines
from fer_models.checkpoint import Checkpoint
from fer_models.explain import explain, native_attention
from fer_models.methods import METHODS
from train.data.readers import FaceDataset
from train.measure.command_line import add_arguments, command, open_data
from train.measure.scoring import load_checkpoint, scoring_order

FACES = 400
BATCH = 16


def place_maps(checkpoint: Checkpoint, pictures: Sequence) -> tuple[dict[str, np.ndarray], list[str]]:
    """Every map of every picture whose cells are places of the face, `{method or attention: (N, h, w)}`, each about the
    model's own answer; and these answers."""
    maps: dict[str, np.ndarray] = {}
    pixel_values = checkpoint.pixel_values(pictures)
    for method in METHODS:
        explanation = explain(checkpoint.model, pixel_values, method)
        maps[method] = explanation.cam
    kinds = checkpoint.model.attention_kinds
    attention = native_attention(checkpoint.model, explanation.output)
    maps |= {name: values for name, values in attention.items() if kinds[name] != "ranks"}
    return maps, [checkpoint.expressions[i] for i in explanation.class_ids]


def average(checkpoint: Checkpoint, data: FaceDataset, rows: np.ndarray, seed: int) -> dict[str, Baselines]:
    """The average maps over the pictures at `rows`."""
    batches: list[dict[str, np.ndarray]] = []
    answers: list[str] = []
    for first in tqdm(range(0, len(rows), BATCH), desc=checkpoint.name, unit="batch", leave=False):
        pictures = [data[int(row)]["image"] for row in rows[first : first + BATCH]]
        maps, names = place_maps(checkpoint, pictures)
        batches.append(maps)
        answers += names
    return {
        kind: make_baselines(np.concatenate([maps[kind] for maps in batches]), answers, seed) for kind in batches[0]
    }


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the file of the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", type=Path, help="checkpoint folders")
    add_arguments(parser)
    parser.set_defaults(split="train", limit=FACES)
    options = parser.parse_args(arguments)
    data, pictures = open_data(options)
    rows = scoring_order(data.labels, options.shuffle_seed, limit=options.limit)
    for folder in options.checkpoints:
        checkpoint = load_checkpoint(str(folder))
        kinds = average(checkpoint, data, rows, options.shuffle_seed)
        origin = {"sha256": checkpoint.sha256, "data": asdict(pictures), "seed": options.shuffle_seed}
        write_baselines(folder / FILE, kinds, origin)
        size = (folder / FILE).stat().st_size / 1000
        print(f"{folder / FILE}: {', '.join(kinds)}, over {len(rows)} faces, {size:.0f} kB")
    return folder / FILE


if __name__ == "__main__":
    main()
