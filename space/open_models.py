"""Which models the Space runs: those that were asked for, as far as they can be had."""

import sys
from collections.abc import Sequence
from pathlib import Path

from fer_models.analyzer import Analyzer
from fer_models.answering import Answering
from fer_models.engines import open_checkpoint
from fer_models.errors import CheckpointError, ExportError
from fer_models.extras import MissingExtraError
from fer_models.hub import available
from fer_models.places import checkpoint_name, find_checkpoints
from space.page.html import message_html


def open_models(
    sources: Sequence[str | Path], folder: Path, device: str = "auto", engine: str = "auto"
) -> tuple[Analyzer, list[str]]:
    """An analyzer, and the names of the models that it does without; why, is said on standard error.

    Args:
        sources: names or folders of checkpoints.
        folder: of the checkpoints that are taken when none is asked for, or none of those can be had.
        device, engine: where and with what the models compute, as in `engines.open_checkpoint`.

    Raises:
        CheckpointError: there is no checkpoint, or none that is whole and can be had with this engine.
    """
    usable, faults = available(sources)
    opened: list[Answering] = []
    for source in usable or find_checkpoints(folder):
        try:
            opened.append(open_checkpoint(source, engine, device))
        except (CheckpointError, ExportError, MissingExtraError) as error:
            faults[source] = str(error)
    if not opened:
        raise CheckpointError("; ".join(faults.values()))
    for fault in faults.values():
        print(f"warning: {fault}", file=sys.stderr)
    return Analyzer(opened), [checkpoint_name(source) for source in faults]


def notice_html(missing: Sequence[str]) -> str:
    """What a visitor reads about models that could not be loaded; nothing when all could."""
    if not missing:
        return ""
    return message_html(f"Not available at the moment: {', '.join(missing)}. The other models answer as always.")


__all__ = ["notice_html", "open_models"]
