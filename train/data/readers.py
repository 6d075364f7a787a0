"""One split of any known data set, by the name of its layout."""

import inspect
from collections.abc import Sequence
from pathlib import Path

from train.data import generic_layouts, layouts
from train.data.face_dataset import DataError, FaceDataset, relabel

__all__ = ["READERS", "DataError", "FaceDataset", "load_split", "relabel"]

READERS = {
    "rafdb": layouts.rafdb,
    "rafdb_folders": layouts.rafdb_folders,
    "fer2013_csv": layouts.fer2013_csv,
    "fer2013_folders": layouts.fer2013_folders,
    "fer2013plus_folders": layouts.fer2013plus_folders,
    "ferplus": layouts.ferplus,
    "ferplus_parquet": layouts.ferplus_parquet,
    "ckplus": layouts.ckplus,
    "ckplus_folders": layouts.ckplus_folders,
    "jaffe": layouts.jaffe,
    "imagefolder": generic_layouts.imagefolder,
    "parquet": generic_layouts.parquet,
    "hub": generic_layouts.hub,
}


def load_split(
    layout: str, path: str | Path, split: str, names: Sequence[str] | None = None, options: dict | None = None
) -> FaceDataset:
    """One split of a data set.

    Args:
        layout: how the files lie, a key of `READERS`; each reader's docstring says what it expects.
        path: file or folder the user downloaded; the data set's id for `hub`.
        split: the owner's own name of the split; `all` where the owners did not split.
        names: the model's class names in label order; the data set's own order where absent.
        options: what a generic layout needs besides: column names, the meaning of its labels.

    Raises:
        DataError: an unknown layout or option, files that are not laid out like that, or a picture whose expression is
            not among `names` (`relabel` leaves those out and counts them).
    """
    if layout not in READERS:
        raise DataError(f"unknown layout {layout!r}; known: {', '.join(READERS)}")
    reader, options = READERS[layout], options or {}
    known = [name for name in inspect.signature(reader).parameters if name not in ("path", "split")]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise DataError(f"unknown option {unknown[0]!r} of the layout {layout}; known: {', '.join(known) or 'none'}")
    dataset = reader(Path(path), split, **options)
    if names is None:
        return dataset
    dataset, left_out = relabel(dataset, names)
    if left_out:
        counts = ", ".join(f"{count} of {name}" for name, count in left_out.items())
        raise DataError(f"{path}, {split}: expected only {', '.join(names)}, found {counts}")
    return dataset
