"""Which runtimes answer and explain an exported checkpoint as the library does? Each is shown the same faces.

pip install openvino
python benchmarks/runtimes.py --data fer2013plus_train_valid.parquet [--faces 200] [--out results/runtimes.json]

A runtime that is not installed is left out with a word. Each has a process of its own, since threads of two would wait
for each other; OMP_NUM_THREADS says on how many cores.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch

from benchmarks.runtime_worker import BATCH, RUNTIMES, last_line
from fer_models.checkpoint import Checkpoint
from fer_models.explain import explain, native_attention, native_profiles
from fer_models.export.folder import export_checkpoint
from fer_models.paths import CHECKPOINTS
from fer_models.places import find_checkpoints
from fer_models.results import as_json, write
from fer_models.results.runtimes import Ran, Runtimes
from train.data.readers import load_split
from train.measure.command_line import command
from train.measure.provenance import hardware, provenance


def in_a_process(runtime: str, file: Path, arrays: Path) -> dict:
    """`serve` in a process of its own; one that ends without a word has a fault, too."""
    words = [sys.executable, str(Path(__file__).with_name("runtime_worker.py")), runtime, str(file), str(arrays)]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    try:
        return json.loads(run.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {"fault": f"ended with {run.returncode}: {last_line(run.stderr)}"}


def measure(options: argparse.Namespace) -> None:
    """Every installed runtime on every checkpoint."""
    installed = {}
    for name in options.runtimes:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            print(f"{name} is not installed and is left out: pip install {name}")
    data = load_split(options.layout, options.data, options.split)
    rows = np.random.default_rng(0).permutation(len(data))[: options.faces]
    ran: dict[str, dict[str, Ran]] = {f"{name} {number}": {} for name, number in installed.items()}
    for folder in find_checkpoints(options.checkpoints):
        checkpoint = Checkpoint(folder, device="cpu")
        pixels = checkpoint.pixel_values([data[int(row)]["image"] for row in rows])
        outputs = []
        for part in pixels.split(BATCH):
            one = explain(checkpoint.model, part)
            own = native_attention(checkpoint.model, one.output).values()
            profiles = native_profiles(checkpoint.model, one.output).values()
            outputs.append([one.output.logits.numpy(), one.cam, *own, *(half for pair in profiles for half in pair)])
        expected = [np.concatenate(column) for column in zip(*outputs, strict=True)]
        with tempfile.TemporaryDirectory() as place:
            export_checkpoint(checkpoint, Path(place) / "export")
            file, arrays = Path(place) / "export" / "model.onnx", Path(place) / "arrays.npz"
            np.savez(arrays, pixels=pixels.numpy(), **{f"output{n}": one for n, one in enumerate(expected)})
            for name, number in installed.items():
                ran[f"{name} {number}"][checkpoint.name] = Ran(**in_a_process(name, file, arrays))
                print(checkpoint.name, name, ran[f"{name} {number}"][checkpoint.name], flush=True)
    result = Runtimes(
        ran=ran,
        faces=len(rows),
        data=f"{options.layout}, {options.split}",
        hardware=hardware(torch.device("cpu")),
        **provenance(),
    )
    print(as_json(result))
    if options.out:
        write(options.out, result)


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="file or folder of the data set")
    parser.add_argument("--layout", default="ferplus_parquet")
    parser.add_argument("--split", default="PublicTest")
    parser.add_argument("--faces", type=int, default=200)
    parser.add_argument("--runtimes", nargs="+", choices=RUNTIMES, default=list(RUNTIMES))
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder of checkpoint folders")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    measure(parser.parse_args(arguments))


if __name__ == "__main__":
    main()
