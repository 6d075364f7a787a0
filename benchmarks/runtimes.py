"""Which runtimes answer and explain an exported checkpoint as the library does? Each is shown the same faces.

pip install openvino
python benchmarks/runtimes.py --data fer2013plus_train_valid.parquet [--faces 200] [--out results/runtimes.json]

A runtime that is not installed is left out with a word. Each has a process of its own, since threads of two would wait
for each other; OMP_NUM_THREADS says on how many cores.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from fer_models.files import write_faults_told

Run = Callable[
    [np.ndarray, np.ndarray], list[np.ndarray]
]  # pixel values and class ids -> outputs, by the graph's order
OWN_ANSWER = -1
BATCH = 32


def onnxruntime(file: Path) -> Run:
    """onnxruntime, as the engine opens it."""
    from fer_models.onnx_session import open_session

    session = open_session(file)
    return lambda pixels, ids: session.run(None, {"pixel_values": pixels, "class_ids": ids})


def openvino(file: Path) -> Run:
    """OpenVINO on the CPU, in float32: by itself it takes half precision where the processor has it."""
    core = import_module("openvino").Core()
    threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
    options = {"INFERENCE_PRECISION_HINT": "f32"} | ({"INFERENCE_NUM_THREADS": threads} if threads else {})
    compiled = core.compile_model(str(file), "CPU", options)

    def run(pixels: np.ndarray, ids: np.ndarray) -> list[np.ndarray]:
        found = compiled({"pixel_values": pixels, "class_ids": ids})
        return [found[output] for output in compiled.outputs]

    return run


RUNTIMES: dict[str, Callable[[Path], Run]] = {"onnxruntime": onnxruntime, "openvino": openvino}


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1][:200]


def compared(found: list[np.ndarray], expected: list[np.ndarray]) -> dict[str, float]:
    """Logits, the CAM, and the model's own maps and profiles, in that order, beside the library's."""
    apart = [float(np.abs(one.reshape(other.shape) - other).max()) for one, other in zip(found, expected, strict=True)]
    return {
        "logits": apart[0],
        "cam": apart[1],
        "attention": max(apart[2:], default=0.0),
        "same": float((found[0].argmax(axis=1) == expected[0].argmax(axis=1)).mean()),
    }


def serve(runtime: str, file: Path, arrays: Path) -> dict:
    """One runtime on one graph: the fields of a `Ran`."""
    kept = np.load(arrays)
    pixels, expected = kept["pixels"], [kept[f"output{number}"] for number in range(len(kept.files) - 1)]
    own = np.full(len(pixels), OWN_ANSWER, dtype=np.int64)
    try:
        run = RUNTIMES[runtime](file)
        parts = [
            run(pixels[start : start + BATCH], own[start : start + BATCH]) for start in range(0, len(pixels), BATCH)
        ]
        times = []
        for number in range(min(len(pixels), 50)):
            start = time.perf_counter()
            run(pixels[number : number + 1], own[:1])
            times.append(1000 * (time.perf_counter() - start))
    except Exception as error:  # each runtime has its own
        return {"fault": _last_line(f"{type(error).__name__}: {error}")}
    found = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return compared(found, expected) | {"milliseconds": statistics.median(times)}


def in_a_process(runtime: str, file: Path, arrays: Path) -> dict:
    """`serve` in a process of its own; one that ends without a word has a fault, too."""
    words = [sys.executable, str(Path(__file__).resolve()), "--serve", runtime, str(file), str(arrays)]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    try:
        return json.loads(run.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {"fault": f"ended with {run.returncode}: {_last_line(run.stderr)}"}


def measure(options: argparse.Namespace) -> None:
    """Every installed runtime on every checkpoint."""
    import torch

    from fer_models.checkpoint import Checkpoint
    from fer_models.explain import explain, native_attention, native_profiles
    from fer_models.export.folder import export_checkpoint
    from fer_models.paths import CHECKPOINTS
    from fer_models.places import find_checkpoints
    from fer_models.results import as_json, write
    from fer_models.results.runtimes import Ran, Runtimes
    from train.data.readers import load_split
    from train.measure.provenance import hardware, provenance

    installed = {}
    for name in options.runtimes:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            print(f"{name} is not installed and is left out: pip install {name}")
    data = load_split(options.layout, options.data, options.split)
    rows = np.random.default_rng(0).permutation(len(data))[: options.faces]
    ran: dict[str, dict[str, Ran]] = {f"{name} {number}": {} for name, number in installed.items()}
    for folder in find_checkpoints(options.checkpoints or CHECKPOINTS):
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


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="file or folder of the data set")
    parser.add_argument("--layout", default="ferplus_parquet")
    parser.add_argument("--split", default="PublicTest")
    parser.add_argument("--faces", type=int, default=200)
    parser.add_argument("--runtimes", nargs="+", choices=RUNTIMES, default=list(RUNTIMES))
    parser.add_argument("--checkpoints", type=Path, help="folder of checkpoint folders (default: checkpoints/)")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        runtime, file, arrays = options.serve
        print(json.dumps(serve(runtime, Path(file), Path(arrays))))
        return
    if options.data is None:
        parser.error("--data is missing: the faces that the runtimes are shown")
    measure(options)


if __name__ == "__main__":
    main()
