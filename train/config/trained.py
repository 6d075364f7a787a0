"""Where a config finds the trained weights that it names: those that teach it and those that it starts from."""

from collections.abc import Sequence
from pathlib import Path

from train.data.face_dataset import DataError


def trained_folder(name: str, folders: Sequence[Path]) -> Path:
    """The checkpoint of that name in the first of the folders that has it.

    Raises:
        DataError: none has.
    """
    for folder in folders:
        if (folder / name / "model.safetensors").is_file():
            return folder / name
    raise DataError(f"no weights of {name} in {' or '.join(map(str, folders))}; train {name} first")
