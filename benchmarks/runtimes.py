"""Which runtimes answer and explain an exported checkpoint as the library does? Each is shown the same faces.

pip install openvino
python benchmarks/runtimes.py --data fer2013plus_train_valid.parquet [--faces 200] [--out results/runtimes.json]

Runtimes that cannot be installed beside each other have environments of their own:

python -m venv mnn && mnn/bin/pip install MNN numpy
python benchmarks/runtimes.py --data FILE --python mnn=mnn/bin/python

what to install: opencv: `opencv-python-headless`; tract: `tract numpy`; ncnn: `ncnn pnnx numpy`; litert:
`ai-edge-litert litert-torch onnx`; executorch: `executorch torch==2.14.1 onnx`.

A runtime that is not installed is left out with a word. Each has a process of its own, since threads of two would wait
for each other; OMP_NUM_THREADS says on how many cores. What runs no graph with Grad-CAM is given one without.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx.utils import Extractor
from onnxscript import optimizer

from benchmarks.runtime_worker import ANSWER, BATCH, RUNTIMES, last_line
from fer_models.checkpoint import Checkpoint
from fer_models.explain import explain, native_attention, native_profiles
from fer_models.export.folder import export_checkpoint
from fer_models.export.graph import FEATURES, GRADIENTS, quietly
from fer_models.paths import CHECKPOINTS, ROOT
from fer_models.places import find_checkpoints
from fer_models.results import read, tell
from fer_models.results.runtimes import Ran, Runtimes
from train.data.readers import load_split
from train.measure.command_line import command
from train.measure.provenance import hardware, provenance

WORKER = Path(__file__).with_name("runtime_worker.py")
TOO_LONG = "not done after"


def in_a_process(python: str | Path, words: list[str], seconds: float) -> dict | str | None:
    """What the worker answers; one that ends without a word, or not in time, has a fault, too."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    try:
        run = subprocess.run(
            [str(python), str(WORKER), *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return {"fault": f"{TOO_LONG} {seconds:.0f} s"}
    except OSError as error:
        raise SystemExit(f"error: {python} does not start: {error.strerror}; --python wants NAME=PATH") from error
    try:
        return json.loads(run.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {"fault": f"ended with {run.returncode}: {last_line(run.stderr)}"}


def write_smaller(folder: Path) -> None:
    """Make of `model.onnx` a graph of answers, Grad-CAM and the model's own attention, and write beside it `one.onnx`,
    the same for one picture, `answer.onnx`, that without Grad-CAM, and the names of all graphs' outputs."""
    model = onnx.load(folder / "model.onnx")
    shown = [output.name for output in model.graph.output if output.name not in (FEATURES, GRADIENTS)]
    model = Extractor(model).extract_model(["pixel_values", "class_ids"], shown)
    onnx.save(model, folder / "model.onnx")
    del model.graph.value_info[:]  # says any number of pictures
    for one in (*model.graph.input, *model.graph.output):
        size = one.type.tensor_type.shape.dim[0]
        size.Clear()
        size.dim_value = 1
    with quietly():
        model = optimizer.optimize(model)
    onnx.save(model, folder / "one.onnx")
    outputs = [output.name for output in model.graph.output]
    answers = [name for name in outputs if name != "cam"]
    onnx.save(Extractor(model).extract_model(["pixel_values"], answers), folder / ANSWER)
    names = {"model.onnx": outputs, "one.onnx": outputs, ANSWER: answers}
    (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")


def ran(name: str, python: str | Path, folder: Path, seconds: float) -> Ran:
    """A runtime on the graphs of a folder: on the whole one, or else on the one without Grad-CAM, unless that would
    take too long, too."""
    whole = in_a_process(python, [name, str(folder), RUNTIMES[name].graph], seconds)
    if "fault" not in whole or whole["fault"].startswith(TOO_LONG):
        return Ran(**whole)
    answer = in_a_process(python, [name, str(folder), ANSWER], seconds)
    return Ran(**answer) if "fault" in answer else Ran(**answer | whole)


def added(earlier: Runtimes, now: Runtimes) -> Runtimes:
    """What was measured now, and the other runtimes of before.

    Raises:
        SystemExit: it was measured otherwise.
    """
    for what in ("commit", "dirty", "faces", "data", "hardware"):
        before, after = getattr(earlier, what), getattr(now, what)
        if before != after:
            raise SystemExit(
                f"error: the file to add to has another {what} ({before}; now {after}); name another --out"
            )
    return replace(now, ran=earlier.ran | now.ran, wants=(earlier.wants or {}) | (now.wants or {}))


def measure(options: argparse.Namespace) -> None:
    """Every installed runtime on every checkpoint."""
    pythons = dict.fromkeys(options.runtimes, sys.executable) | dict(options.python)
    installed = {}
    for name in options.runtimes:
        told = in_a_process(pythons[name], [name], options.patience)
        if isinstance(told, str):
            installed[name] = told
        else:
            packages = " ".join(RUNTIMES[name].packages)
            print(f"{name} is not installed and is left out: pip install {packages}, or --python {name}=PATH")
    data = load_split(options.layout, options.data, options.split)
    rows = np.random.default_rng(0).permutation(len(data))[: options.faces]
    found: dict[str, dict[str, Ran]] = {title: {} for title in installed.values()}
    result = Runtimes(
        ran=found,
        wants={title: RUNTIMES[name].wants for name, title in installed.items()},
        faces=len(rows),
        data=f"{options.layout}, {options.split}",
        hardware=hardware(torch.device("cpu")),
        **provenance(),
    )
    if options.out and options.add and options.out.exists():  # what cannot stand there is not measured for an hour
        result = added(read(options.out), result)
    for source in find_checkpoints(options.checkpoints):
        checkpoint = Checkpoint(source, device="cpu")
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
            folder = Path(place) / "export"
            write_smaller(folder)
            np.savez(folder / "arrays.npz", pixels=pixels.numpy(), **{f"output{n}": o for n, o in enumerate(expected)})
            for name, title in installed.items():
                found[title][checkpoint.name] = ran(name, pythons[name], folder, options.patience)
                print(checkpoint.name, title, found[title][checkpoint.name], flush=True)
    tell(result, options.out)


def _python(word: str) -> tuple[str, Path]:
    name, _, path = word.partition("=")
    if name not in RUNTIMES or not path:
        raise argparse.ArgumentTypeError(f"{word!r} is no NAME=PATH with a name of {', '.join(RUNTIMES)}")
    return name, Path(path).absolute()


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="file or folder of the data set")
    parser.add_argument("--layout", default="ferplus_parquet")
    parser.add_argument("--split", default="PublicTest")
    parser.add_argument("--faces", type=int, default=200)
    parser.add_argument("--runtimes", nargs="+", choices=RUNTIMES, default=list(RUNTIMES))
    parser.add_argument(
        "--python",
        nargs="+",
        action="extend",
        type=_python,
        default=[],
        metavar="NAME=PATH",
        help="the Python that has a runtime",
    )
    parser.add_argument("--patience", type=float, default=600, metavar="SECONDS", help="for one graph")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder of checkpoint folders")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    parser.add_argument("--add", action="store_true", help="keep what --out holds of other runtimes")
    measure(parser.parse_args(arguments))


if __name__ == "__main__":
    main()
