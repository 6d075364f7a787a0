"""Sequences of pictures with one expression each, on disk -> their frames, label and person."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_models.photo import PICTURE_SUFFIXES
from train.data.face_dataset import DataError
from train.data.layout_parts import expressions_of, visible
from train.data.layouts import ckplus_labelled
from train.data.splits import split_by_subject


@dataclass(frozen=True)
class FaceSequence:
    """frames: pictures in the order of time. expression: of all of it. subject: who is in it; its own name where the
    data does not say."""

    name: str
    frames: tuple[Path, ...]
    expression: str
    subject: str


def ckplus_sequences(path: Path) -> list[FaceSequence]:
    """CK+'s labelled sequences, whole, from the onset to the apex of the expression; `path` as for the layout `ckplus`.

    Raises:
        DataError: the files do not lie as the layout says.
    """
    labelled, _ = ckplus_labelled(path)
    return [
        FaceSequence(folder.relative_to(path / "cohn-kanade-images").as_posix(), frames, expression, folder.parent.name)
        for folder, frames, expression in labelled
    ]


def clip_folders(path: Path) -> list[FaceSequence]:
    """Class folders of clips, each a folder of pictures in the order of their names: `happy/clip-1/0001.png`. Every
    clip counts as a person of its own.

    Raises:
        DataError: no such folders, or a folder that is no expression.
    """
    found = []
    for folder in visible(f for f in path.iterdir() if f.is_dir()) if path.is_dir() else []:
        (expression,) = expressions_of([folder.name], None, path)
        for clip in visible(f for f in folder.iterdir() if f.is_dir()):
            frames = tuple(file for file in visible(clip.iterdir()) if file.suffix.lower() in PICTURE_SUFFIXES)
            if frames:
                name = clip.relative_to(path).as_posix()
                found.append(FaceSequence(name, frames, expression, name))
    if not found:
        raise DataError(f"expected folders of clips like {path / 'happy' / 'clip-1' / '0001.png'}, found none")
    return found


LAYOUTS = {"ckplus": ckplus_sequences, "clip_folders": clip_folders}


def load_sequences(layout: str, path: Path, shares: Sequence[float], seed: int) -> dict[str, list[FaceSequence]]:
    """The parts `train`, `validation` and `test` of a data set of sequences, no person in two.

    Args:
        layout: a key of `LAYOUTS`. shares: of the three parts; they sum to 1.

    Raises:
        DataError: as the layout's reader, or too few persons.
    """
    sequences = LAYOUTS[layout](path)
    parts = split_by_subject(np.array([one.subject for one in sequences]), shares, seed)
    return {
        name: [sequences[row] for row in rows]
        for name, rows in zip(("train", "validation", "test"), parts, strict=True)
    }


__all__ = ["LAYOUTS", "FaceSequence", "ckplus_sequences", "clip_folders", "load_sequences"]
