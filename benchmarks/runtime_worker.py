"""One runtime on one exported graph, in a process of its own: what `benchmarks/runtimes.py` compares with the library.

python benchmarks/runtime_worker.py RUNTIME model.onnx arrays.npz
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np

# Pixel values and class ids -> outputs, in the order of the graph.
Run = Callable[[np.ndarray, np.ndarray], list[np.ndarray]]
OWN_ANSWER = -1
BATCH = 32


def onnxruntime(file: Path) -> Run:
    """onnxruntime, as the engine opens it."""
    from fer_models.onnx_session import Sessions

    sessions = Sessions(file)
    return lambda pixels, ids: sessions.run(None, {"pixel_values": pixels, "class_ids": ids})


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


def last_line(text: str) -> str:
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
        return {"fault": last_line(f"{type(error).__name__}: {error}")}
    found = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return compared(found, expected) | {"milliseconds": statistics.median(times)}


if __name__ == "__main__":
    print(json.dumps(serve(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
