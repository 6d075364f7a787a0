"""Count the pictures of one split that equal, or nearly equal, a picture of another, and how many have other labels.

    python train/near_duplicates.py --layout ferplus_parquet --data fer2013plus.parquet --splits Training PublicTest \
        --out results/near_duplicates-ferplus.json
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from fer_models.results import as_json, write
from fer_models.results.near_duplicates import NearDuplicates, Pairs, Source, Split
from train.data.face_dataset import DataError, FaceDataset
from train.data.readers import READERS, load_split
from train.measure.command_line import command
from train.measure.provenance import provenance

SIDE = 16  # of a thumbnail, in pixels
# Chosen by eye on FER2013's nearest pairs between Training and PublicTest. All 80 viewed between 0.96 and 0.98 are one
# photo (moved, cropped, with a watermark). Below, other people of the same pose and light begin: 1 of 36 viewed between
# 0.95 and 0.96, about a quarter of 40 between 0.92 and 0.94; the rest there are moved copies that this bound misses.
THRESHOLD = 0.96
BATCH = 512


def fingerprints(dataset: FaceDataset) -> tuple[np.ndarray, list[bytes]]:
    """Of each picture a thumbnail and a digest of its decoded pixels.

    Returns:
        `(N, 256)` float32 grey thumbnails, mean removed, unit length (all zero for a picture of one grey), so that a
        product of two is their correlation; and N digests, equal for equal pictures.
    """
    thumbnails, digests = [], []
    for first in range(0, len(dataset), BATCH):
        for row in dataset.__getitems__(list(range(first, min(first + BATCH, len(dataset))))):
            image = row["image"].convert("RGB")
            digests.append(hashlib.blake2b(image.tobytes() + repr(image.size).encode()).digest())
            grey = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
            thumbnails.append(np.asarray(grey, dtype=np.float32).ravel())
    vectors = np.stack(thumbnails)
    vectors -= vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0), digests


def equal_pairs(first: list[bytes], second: list[bytes]) -> np.ndarray:
    """`(P, 2)` rows of the first and of the second whose digests are equal."""
    places: dict[bytes, list[int]] = {}
    for row, digest in enumerate(first):
        places.setdefault(digest, []).append(row)
    pairs = [(i, j) for j, digest in enumerate(second) for i in places.get(digest, ())]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def near_pairs(first: np.ndarray, second: np.ndarray, threshold: float) -> np.ndarray:
    """`(P, 2)` rows of the first and of the second whose thumbnails correlate by `threshold` or more."""
    pairs = []
    for start in range(0, len(second), BATCH):
        j, i = np.nonzero(second[start : start + BATCH] @ first.T >= threshold)
        pairs.append(np.stack([i, j + start], axis=1))
    return np.concatenate(pairs)


def summary(pairs: np.ndarray, first: FaceDataset, second: FaceDataset) -> Pairs:
    """What the pairs mean for an evaluation on the second split: counts of pairs and of pictures with a partner."""
    i, j = np.unique(pairs, axis=0).T
    differ = first.labels[i] != second.labels[j]
    return Pairs(
        pairs=len(i),
        pairs_with_different_labels=int(differ.sum()),
        pictures_of_first=len(np.unique(i)),
        pictures_of_second=len(np.unique(j)),
        share_of_second=len(np.unique(j)) / len(second),
        pictures_of_second_with_a_different_label=len(np.unique(j[differ])),
    )


def compare(first: FaceDataset, second: FaceDataset, threshold: float = THRESHOLD) -> tuple[Pairs, Pairs]:
    """Pairs of equal pictures, and of equal or nearly equal ones.

    Args:
        threshold: the least correlation of 16 x 16 thumbnails that counts as nearly equal.
    """
    if first.names != second.names:
        raise DataError(f"expected one label order, found {', '.join(first.names)} and {', '.join(second.names)}")
    first_thumbnails, first_digests = fingerprints(first)
    second_thumbnails, second_digests = fingerprints(second)
    equal = equal_pairs(first_digests, second_digests)
    near = np.concatenate([equal, near_pairs(first_thumbnails, second_thumbnails, threshold)])
    return summary(equal, first, second), summary(near, first, second)


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layout", required=True, help=f"how the files lie: {', '.join(READERS)}")
    parser.add_argument("--data", required=True, type=Path, help="file or folder of the data set")
    parser.add_argument("--splits", required=True, nargs=2, metavar=("FIRST", "SECOND"), help="the owner's names")
    parser.add_argument("--threshold", type=float, default=THRESHOLD, help="least correlation of nearly equal pictures")
    parser.add_argument("--out", type=Path, help="write the numbers to this JSON file")
    options = parser.parse_args(arguments)
    if options.splits[0] == options.splits[1]:
        raise DataError(f"expected two different splits, found {options.splits[0]} twice")
    first, second = (load_split(options.layout, options.data, split) for split in options.splits)
    equal, equal_or_near = compare(first, second, options.threshold)
    result = NearDuplicates(
        data=Source(options.layout, options.data.name),
        first=Split(options.splits[0], len(first)),
        second=Split(options.splits[1], len(second)),
        method=f"correlation of {SIDE} x {SIDE} grey thumbnails",
        threshold=options.threshold,
        equal=equal,
        equal_or_near=equal_or_near,
        **provenance(),
    )
    print(as_json(result))
    if options.out:
        write(options.out, result)


if __name__ == "__main__":
    main()
