"""Whether a checkpoint's weights are whole: by the SHA-256 in the folder's manifest, and by being numbers."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from fer_models.errors import CheckpointError
from fer_models.files import write_text

if TYPE_CHECKING:
    from torch import nn

WEIGHTS = "model.safetensors"
MANIFEST = "manifest.json"


def weights_sha256(folder: str | Path) -> str:
    """The SHA-256 of a checkpoint folder's weights, which ties a result or an answer to them."""
    with (Path(folder) / WEIGHTS).open("rb") as weights:
        return hashlib.file_digest(weights, "sha256").hexdigest()


def write_manifest(folder: Path) -> None:
    """Note the weights of a checkpoint folder as they are."""
    write_text(folder / MANIFEST, json.dumps({"sha256": {WEIGHTS: weights_sha256(folder)}}, indent=1) + "\n")


def require_manifest(folder: Path) -> None:
    """Nothing, if the weights are those of the folder's manifest, or the folder has none: those of before, and those
    from the Hub, whose hashes are compared as they arrive.

    Raises:
        CheckpointError: they are others, or the manifest cannot be read.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return
    try:
        told = json.loads(manifest.read_text(encoding="utf-8"))["sha256"][WEIGHTS]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{manifest} cannot be read; fetch the folder again") from error
    if told != weights_sha256(folder):
        raise CheckpointError(
            f"the weights in {folder} are damaged: their checksum is not that of {MANIFEST}; fetch the folder again, "
            f"or remove {MANIFEST} if you have replaced them"
        )


def require_numbers(model: "nn.Module", source: str | Path) -> None:
    """Nothing, if every weight and every statistic is a finite number.

    Raises:
        CheckpointError: one is not; it is named.
    """
    for name, values in model.state_dict().items():
        if not values.isfinite().all():
            raise CheckpointError(
                f"{source} has weights that are no numbers ({name}); its training failed: train it again"
            )


__all__ = ["MANIFEST", "WEIGHTS", "require_manifest", "require_numbers", "weights_sha256", "write_manifest"]
