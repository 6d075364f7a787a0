"""Train many configs, one after the other, within a time limit: what a rented machine is given to do.

    python train/campaign.py hub_configs/mobilenetv1-ferplus.yaml hub_configs/pattlite-ferplus.yaml \
        --data fer2013plus.parquet --out campaign --hours 5 --bf16 \
        --backbone mobilenetv1-ferplus=mobilenetv1_100_vggface2.safetensors

    python train/campaign.py hub_configs/*-ferplus.yaml --data fer2013plus.parquet --out rehearsal \
        --epochs 1 --train-pictures 200

Run the same command again after the time is up or anything else has stopped it: what is done is skipped, what was begun
goes on with its last whole epoch. `--out` then holds, for every config, `checkpoints/NAME` with its weights as float16,
`results/` and `logs/NAME.log`. The second command is a rehearsal, to be run before the machine is rented.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml
from huggingface_hub import save_torch_state_dict
from safetensors.torch import load_file

from fer_models.files import write_bytes, write_faults_told, write_text
from fer_models.paths import ROOT
from train.config.recipe import ConfigError, load_config

GRACE = 30  # seconds that a training gets to end by itself
CONFIGS = "configs"  # of the campaign's folder


@dataclass(frozen=True)
class Outcome:
    """What became of a config. words: for the person who reads the end of the campaign."""

    name: str
    done: bool
    words: str


def campaign_config(source: Path, folder: Path, epochs: int | None, pictures: int | None) -> tuple[str, Path]:
    """The name of a config, and the file of what the campaign trains instead: the same with weights of half precision,
    and for a rehearsal with few epochs and pictures.

    Raises:
        ConfigError: it is no config.
    """
    config = load_config(source)
    own: dict = {"name": config.name, "extends": [str(source.resolve())], "half_precision": True}
    if pictures is not None:
        own["data"] = {"train_pictures": pictures}
    if epochs is not None:
        own["recipe"] = {"stages": [asdict(stage) | {"epochs": epochs} for stage in config.recipe.stages]}
    file = folder / CONFIGS / f"{config.name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, yaml.safe_dump(own, sort_keys=False))
    load_config(file)  # says now what is wrong with it
    return config.name, file


def named_files(given: list[str], names: list[str]) -> dict[str, Path]:
    """`NAME=FILE` of the command line -> the file by the config's name.

    Raises:
        ConfigError: no such form, a name that is not trained, or no such file.
    """
    files = {}
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or name not in names:
            raise ConfigError(f"--backbone: expected NAME=FILE with a NAME of {', '.join(names)}, found {text!r}")
        if not Path(file).is_file():
            raise ConfigError(f"no backbone weights at {file}")
        files[name] = Path(file)
    return files


def train_one(name: str, command: list[str], log: Path, seconds: float | None) -> Outcome:
    """Run one training, its output in `log`, for so many seconds at most."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            code = process.wait(None if seconds is None else max(seconds, 0))
        except subprocess.TimeoutExpired:
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return Outcome(name, False, "time was up; the same command goes on with its last whole epoch")
        except BaseException:  # the campaign is stopped: so is what it started
            process.terminate()
            process.wait()
            raise
    if code == 0:
        return Outcome(name, True, "done")
    said = log.read_text(errors="replace", encoding="utf-8").strip().splitlines()
    return Outcome(name, False, f"failed: {said[-1] if said else f'exit code {code}'} (all of it in {log})")


def write_shards(checkpoint: Path, size: str) -> Path:
    """The weights once more, in files of at most `size`, in a folder that loads like the checkpoint's."""
    folder = checkpoint / "shards"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("model*"):
        old.unlink()
    save_torch_state_dict(load_file(checkpoint / "model.safetensors"), folder, max_shard_size=size)
    for file in ("config.json", "preprocessor_config.json"):
        write_bytes(folder / file, (checkpoint / file).read_bytes())
    return folder


def run(options: argparse.Namespace) -> list[Outcome]:
    """Every config in its turn.

    Raises:
        ConfigError: something of what was asked for is not there; nothing has been trained then.
    """
    if options.hours is not None and options.hours <= 0:
        raise ConfigError(f"--hours: expected more than 0, found {options.hours:g}; leave it out for no limit")
    start = time.monotonic()
    configs = [
        campaign_config(Path(source), options.out, options.epochs, options.train_pictures) for source in options.configs
    ]
    names = [name for name, _ in configs]
    if len(set(names)) < len(names):
        raise ConfigError(f"two configs have the same name: {', '.join(sorted(names))}")
    backbones = named_files(options.backbone, names)
    if not options.data.exists():
        raise ConfigError(f"expected a file or folder at {options.data}")
    outcomes = []
    for name, file in configs:
        checkpoint, mark = options.out / "checkpoints" / name, options.out / "done" / name
        left = None if options.hours is None else 3600 * options.hours - (time.monotonic() - start)
        content = json.dumps(asdict(load_config(file)), sort_keys=True)
        if mark.is_file() and mark.read_text(encoding="utf-8") != content:
            raise ConfigError(f"{name} was trained here with another config; choose another --out, or remove {mark}")
        if mark.is_file():
            outcome = Outcome(name, True, "was done before")
        elif left is not None and left <= 0:
            outcome = Outcome(name, False, "not begun: time was up; the same command trains it")
        else:
            print(f"{name}: trains; see {options.out / 'logs' / f'{name}.log'}", flush=True)
            command = [
                *(sys.executable, "-m", "train.train_hub", "--config", str(file.resolve())),
                *("--data", str(options.data.resolve()), "--resume"),
                *("--work", str((options.out / "runs").resolve())),
                *("--out", str((options.out / "checkpoints").resolve())),
                *("--results", str((options.out / "results").resolve())),
                *("--teachers", str((options.out / "checkpoints").resolve())),  # what was trained before teaches
                *(["--bf16"] if options.bf16 else []),
                *(["--backbone", str(backbones[name].resolve())] if name in backbones else []),
            ]
            outcome = train_one(name, command, options.out / "logs" / f"{name}.log", left)
            if outcome.done:
                mark.parent.mkdir(exist_ok=True)
                write_text(mark, content)
        if outcome.done and options.max_shard_size:
            write_shards(checkpoint, options.max_shard_size)
        print(f"{name}: {outcome.words}", flush=True)
        outcomes.append(outcome)
    return outcomes


@write_faults_told()
def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 when every config is done, 1 when one is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", help="in the order in which they are trained: teachers first")
    parser.add_argument("--data", type=Path, required=True, help="file or folder of the data set")
    parser.add_argument("--out", type=Path, required=True, help="folder of everything that the campaign writes")
    parser.add_argument("--hours", type=float, help="the time limit (default: none)")
    parser.add_argument("--backbone", action="append", default=[], metavar="NAME=FILE", help="repeatable")
    parser.add_argument("--bf16", action="store_true", help="mixed precision")
    parser.add_argument("--max-shard-size", help="also write the weights in files of at most so much, as 20MB")
    parser.add_argument("--epochs", type=int, help="of every stage, for a rehearsal")
    parser.add_argument("--train-pictures", type=int, help="how many pictures train, for a rehearsal")
    options = parser.parse_args(arguments)
    try:
        outcomes = run(options)
    except ConfigError as error:
        sys.exit(f"error: {error}")
    undone = [outcome.name for outcome in outcomes if not outcome.done]
    print(
        f"{len(outcomes) - len(undone)} of {len(outcomes)} configs are done"
        + (f"; not {', '.join(undone)}" * bool(undone))
    )
    return int(bool(undone))


if __name__ == "__main__":
    sys.exit(main())
