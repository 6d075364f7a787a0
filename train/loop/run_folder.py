"""The folder of one training run: which config it trains, how, and how far it has come."""

import dataclasses
import json
import typing
from dataclasses import dataclass
from pathlib import Path

from fer_models.files import write_text
from fer_models.paths import CHECKPOINTS, RUNS
from train.config.recipe import ConfigError, HubConfig, parse
from train.data.face_dataset import DataError

NOTE = "run.json"

# keys of a config that may change while a run is stopped
NO_TRAINING = ("card", "metrics", "extends", "half_precision")


@dataclass(frozen=True)
class RunSettings:
    """What a recipe leaves open: where, on what, and from which file it is trained.

    work: the folder that holds a folder per run. backbone: safetensors to start from, instead of a download or random
    weights. resume: go on where a stopped run was. bf16: mixed precision. workers: processes that load pictures.
    teachers: a folder of checkpoints where teachers, and what training starts from, are looked for before
    `checkpoints/`.
    """

    work: Path = RUNS
    backbone: Path | None = None
    resume: bool = False
    bf16: bool = False
    workers: int = 0
    teachers: Path | None = None

    @property
    def trained_folders(self) -> list[Path]:
        """Where teachers, and what training starts from, are looked for."""
        return [*([self.teachers] if self.teachers else []), CHECKPOINTS]


def last_checkpoint(folder: Path) -> str | None:
    """The newest whole checkpoint of a stage. A kill while one is written leaves it without its state file, which is
    written last."""
    whole = [state.parent for state in folder.glob("checkpoint-*/trainer_state.json")]
    return str(max(whole, key=lambda path: int(path.name.rpartition("-")[2]))) if whole else None


def stage_folder(folder: Path, number: int) -> Path:
    """Where stage `number`, from 1, of the run keeps its checkpoints."""
    return folder / f"stage-{number}"


def _difference(earlier: typing.Any, now: typing.Any, where: str) -> str | None:
    """The first key whose value changed, with both values."""
    if isinstance(earlier, dict) and isinstance(now, dict) and earlier.keys() == now.keys():
        inner = [(earlier[key], now[key], f"{where}.{key}") for key in now]
    elif isinstance(earlier, list) and isinstance(now, list):
        if len(earlier) != len(now):
            return f"{where} had {len(earlier)} entries and has {len(now)}"
        inner = [(old, new, f"{where}[{index}]") for index, (old, new) in enumerate(zip(earlier, now, strict=True))]
    else:
        return None if earlier == now else f"{where} was {json.dumps(earlier)} and is {json.dumps(now)}"
    return next(filter(None, (_difference(*pair) for pair in inner)), None)


def open_run(folder: Path, config: HubConfig, resume: bool, finished: bool = False) -> None:
    """Note in the run's folder which config it trains, so that no other run goes on with its weights.

    What a run does in stages that it has not started may change while it is stopped, so that a recipe can be made
    longer after a look at its result; with `finished` nothing may. A key that the schema got since counts as its
    default.

    Raises:
        DataError: the folder holds a run, and this one does not resume it or has another config.
    """
    content = {key: value for key, value in dataclasses.asdict(config).items() if key not in NO_TRAINING}
    note = folder / NOTE
    if note.is_file():
        if not resume:
            raise DataError(f"{folder} holds an earlier run; go on with it by --resume, or remove it to start over")
        try:
            noted = parse(
                HubConfig, dataclasses.asdict(config) | json.loads(note.read_text(encoding="utf-8")), "run.json"
            )
        except (ConfigError, json.JSONDecodeError) as error:
            raise DataError(f"the run in {folder} is of another version ({error}); remove it to start over") from error
        earlier, now = dataclasses.asdict(noted), dataclasses.asdict(config)
        if not finished:
            for side in (earlier, now):
                stages = side["recipe"]["stages"]
                started = [stage_folder(folder, number).is_dir() for number in range(1, len(stages) + 1)]
                side["recipe"]["stages"] = stages[: sum(started)]
        for key in content:
            changed = _difference(earlier[key], now[key], key)
            if changed:
                raise DataError(f"the run in {folder} had another config: {changed}; remove it to start over")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(note, json.dumps(content, indent=1))


__all__ = ["NOTE", "NO_TRAINING", "RunSettings", "last_checkpoint", "open_run", "stage_folder"]
