"""A checkpoint folder -> the folder of its Hub repo: code and results beside the data."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from transformers.dynamic_module_utils import get_relative_import_files

from fer_models import models
from fer_models.checkpoint import weights_sha256
from fer_models.paths import RESULTS
from fer_models.results import OfWeights, Result, read, read_folder
from fer_models.results.evaluation import Evaluation
from fer_models.results.explanations import Explanations
from fer_models.results.fixed_maps import FixedMaps
from train.config.recipe import HubConfig
from train.hub.model_card import chosen_on

CODE = Path(models.__file__).parent  # what travels with a checkpoint
CONFIGS = ("config.json", "preprocessor_config.json")


class HubFolderError(RuntimeError):
    """A folder is not fit for the Hub; the message names it and says what is wrong."""


@dataclass(frozen=True)
class QuotedResults:
    """The results that a checkpoint's card quotes, by file.

    own, fixed_maps: of these very weights, on a whole split. explanations: of them, on the most faces. evidence: those
    that the hub config names. picture: the confusion matrix of the validation split.
    """

    own: dict[Path, Evaluation]
    fixed_maps: dict[Path, FixedMaps]
    explanations: dict[Path, Explanations]
    evidence: dict[Path, Result]
    picture: Path | None

    @property
    def files(self) -> list[Path]:
        """All of them."""
        about = (*self.own, *self.fixed_maps, *self.explanations, *self.evidence)
        return [*about, self.picture] if self.picture else [*about]


def quoted_results(checkpoint: Path, config: HubConfig | None, results: Path) -> QuotedResults:
    """The result files of `results` that are about the weights of `checkpoint`, and those that its hub config names.

    Raises:
        ResultError: a file in `results` cannot be read.
    """
    weights = weights_sha256(checkpoint)
    about = {
        file: result
        for file, result in read_folder(results)
        if isinstance(result, OfWeights) and result.checkpoint.sha256 == weights
    }
    whole = {file: result for file, result in about.items() if result.data.limit is None}
    maps = {file: result for file, result in about.items() if isinstance(result, Explanations)}
    largest = max(maps, key=lambda file: maps[file].n_samples, default=None)
    own = {file: result for file, result in whole.items() if isinstance(result, Evaluation)}
    evidence = [RESULTS / name for name in (*config.card.evidence, *config.card.data_evidence)] if config else []
    confusions = [
        file.with_name(f"{file.stem}-confusion.png")
        for file, result in own.items()
        if config and chosen_on(config, result)
    ]
    return QuotedResults(
        own=own,
        fixed_maps={file: result for file, result in whole.items() if isinstance(result, FixedMaps)},
        explanations={largest: maps[largest]} if largest else {},
        evidence={file: read(file) for file in evidence},
        picture=next((file for file in reversed(confusions) if file.is_file()), None),
    )


def auto_map(folder: Path, name: str) -> dict[str, str]:
    """Auto class -> `module.Class`, as one of the `CONFIGS` of a folder says.

    Raises:
        HubFolderError: it cannot be read.
    """
    if not (folder / name).is_file():
        raise HubFolderError(f"{folder} is no checkpoint folder: it has no {name}; train it first")
    try:
        return json.loads((folder / name).read_text(encoding="utf-8")).get("auto_map", {})
    except (ValueError, AttributeError) as error:
        raise HubFolderError(f"{folder / name} cannot be read: {error}") from error


def code_files(checkpoint: Path) -> list[Path]:
    """The files of `fer_models/models` that the classes of a checkpoint are in, and those that they import.

    Raises:
        HubFolderError: a config file cannot be read.
    """
    files = set()
    for name in CONFIGS:
        for reference in auto_map(checkpoint, name).values():
            module = CODE / f"{reference.partition('.')[0]}.py"
            if module.is_file():  # else the class is none of ours, and the folder has brought it along
                files |= {module, *map(Path, get_relative_import_files(str(module)))}
    return sorted(files)


def add_code(folder: Path) -> None:
    """Copy the code of a checkpoint into its folder: from there on it loads wherever torch, timm and transformers are
    installed, by `trust_remote_code=True`."""
    for file in code_files(folder):
        shutil.copyfile(file, folder / file.name)


def assemble(checkpoint: Path, out: Path, config: HubConfig | None, results: Path = RESULTS) -> None:
    """Put the folder of a Hub repo together: what the checkpoint folder holds, code and results.

    Args:
        out: a folder that is made, or written over.
        config: the hub config that the card was written from; without it only results of these weights are copied.
    """
    shutil.copytree(checkpoint, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    add_code(out)
    for file in quoted_results(checkpoint, config, results).files:
        (out / "results").mkdir(exist_ok=True)
        shutil.copyfile(file, out / "results" / file.name)


__all__ = ["HubFolderError", "QuotedResults", "add_code", "assemble", "auto_map", "code_files", "quoted_results"]
