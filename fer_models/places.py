"""A checkpoint's name, and where it lies on this machine; what is fetched from the Hub is `hub`'s."""

from pathlib import Path

from fer_models.errors import CheckpointError
from fer_models.paths import CHECKPOINTS, IN_REPOSITORY

FILES = ("config.json", "preprocessor_config.json", "model.safetensors")
EXPORT = "export.json"  # of an exported checkpoint


def checkpoint_name(source: str | Path) -> str:
    """The name of a checkpoint: the last part of a folder's path or of a Hub id, without its revision."""
    return source.name if isinstance(source, Path) else Path(source.partition("@")[0]).name


def local_checkpoints() -> list[str]:
    """The names of the checkpoints in the repository's `checkpoints/`; an installed package has none."""
    found = CHECKPOINTS.glob(f"*/{FILES[0]}") if IN_REPOSITORY else ()
    return sorted(path.parent.name for path in found)


def local_folder(source: str | Path) -> Path | None:
    """The folder that `source` means: as a path, where it is one or a checkpoint or an export is there; or as a name in
    the repository's `checkpoints/`. `None` for what is to be looked for on the Hub."""
    path = Path(source).expanduser()
    if isinstance(source, Path) or path.is_absolute() or source[:1] == ".":
        return path
    if any((path / name).is_file() for name in (FILES[0], EXPORT)):
        return path
    return CHECKPOINTS / source if "/" not in source and source in local_checkpoints() else None


def find_checkpoints(folder: Path = CHECKPOINTS) -> list[Path]:
    """The folders of `folder` that claim to hold a checkpoint, by name.

    Raises:
        CheckpointError: there is none.
    """
    if folder == CHECKPOINTS and not IN_REPOSITORY:
        raise CheckpointError(
            "the installed package brings no checkpoints; name one: a folder, or ORG/NAME of a repo on the Hub"
        )
    found = sorted(path for path in folder.glob("[!.]*") if path.is_dir()) if folder.is_dir() else []
    if not found:
        raise CheckpointError(
            f"no checkpoint in {folder}; train one with train/train_hub.py or fetch the repository again"
        )
    return found


__all__ = ["EXPORT", "FILES", "checkpoint_name", "find_checkpoints", "local_checkpoints", "local_folder"]
