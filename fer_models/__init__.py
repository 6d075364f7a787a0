"""Facial expression recognition that can be checked: models, faces, explanations.

Importing this package registers the architectures with transformers' Auto classes, where torch and transformers are
installed. Without them it imports all the same, and says which extra to install when a network is asked for.
"""

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_models.expressions import EXPRESSIONS
from fer_models.extras import MissingExtraError, extra_of, needed_for

if TYPE_CHECKING:
    from fer_models.architectures import (
        ARCHITECTURES,
        DDAMFNConfig,
        DDAMFNForImageClassification,
        FERImageProcessor,
        HFCConfig,
        HFCForImageClassification,
        PAttLiteConfig,
        PAttLiteForImageClassification,
        PlainMobileNetV1Config,
        PlainMobileNetV1ForImageClassification,
    )
    from fer_models.checkpoint import Checkpoint

__version__ = "0.1.0"


def load(source: str | Path) -> "Checkpoint":
    """A checkpoint, ready to answer, by its folder or its name: `load("pattlite-ferplus")`. `hub.checkpoint_folder`
    says where a name is looked for.

    Raises:
        CheckpointError: it cannot be found or fetched, or is damaged.
        MissingExtraError: torch is not installed.
    """
    with needed_for("loading a checkpoint"):
        from fer_models.checkpoint import Checkpoint  # brings the face detector, which few users of the package need

    return Checkpoint(source)


def __getattr__(name: str) -> Any:
    """The architectures and their classes, where nothing has asked for them yet."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needed_for(f"fer_models.{name}"):
        from fer_models import architectures
    return getattr(architectures, name)


def _is_own_command() -> bool:
    """Whether `python -m fer_models`, `fer-models` or the Space is starting: they tell their usage, or what is wrong
    with their arguments, and answer from exports, without loading networks; a checkpoint registers the architectures
    when it is opened."""
    words, program = sys.orig_argv, Path(sys.argv[0] if sys.argv else "")
    own_module = "-m" in words and words[words.index("-m") + 1 :][:1] == [__name__]
    own_space = program.name == "app.py" and program.resolve() == Path(__file__).resolve().parents[1] / "app.py"
    return (own_module and sys.argv[:1] == ["-m"]) or program.stem == "fer-models" or own_space


if not _is_own_command():
    try:
        importlib.import_module("fer_models.architectures")
    except ImportError as _error:
        if extra_of(_error) is None:
            raise

__all__ = [
    "ARCHITECTURES",
    "EXPRESSIONS",
    "DDAMFNConfig",
    "DDAMFNForImageClassification",
    "FERImageProcessor",
    "HFCConfig",
    "HFCForImageClassification",
    "MissingExtraError",
    "PAttLiteConfig",
    "PAttLiteForImageClassification",
    "PlainMobileNetV1Config",
    "PlainMobileNetV1ForImageClassification",
    "load",
]
