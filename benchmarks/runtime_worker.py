"""One runtime on one exported graph, in a process of its own: what `benchmarks/runtimes.py` compares with the library.

python benchmarks/runtime_worker.py RUNTIME FOLDER GRAPH
python benchmarks/runtime_worker.py RUNTIME

The Python may be another environment's, with numpy and the runtime alone. The folder holds `arrays.npz`, pixels and
what the library says of them, and the graphs: `model.onnx` as exported, `one.onnx` for one picture at a time, and
`answer.onnx`, the latter without Grad-CAM. Without a folder, the versions that are installed are said.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

# Pixel values and class ids -> outputs, in the order of the graph.
Run = Callable[[np.ndarray, np.ndarray], list[np.ndarray]]
OWN_ANSWER = -1
BATCH = 32
THREADS = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
ANSWER = "answer.onnx"


def _inputs(file: Path, pixels: np.ndarray, ids: np.ndarray) -> list[np.ndarray]:
    """The graph without Grad-CAM takes no class ids."""
    return [pixels] if file.name == ANSWER else [pixels, ids]


def onnxruntime(file: Path) -> Run:
    """onnxruntime, as the engine opens it."""
    from fer_models.onnx_session import Sessions

    sessions = Sessions(file)
    names = [one.name for one in sessions.narrow.get_inputs()]
    return lambda pixels, ids: sessions.run(None, dict(zip(names, _inputs(file, pixels, ids), strict=True)))


def openvino(file: Path) -> Run:
    """OpenVINO on the CPU, in float32: by itself it takes half precision where the processor has it."""
    core = import_module("openvino").Core()
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": THREADS}
    compiled = core.compile_model(str(file), "CPU", options)

    def run(pixels: np.ndarray, ids: np.ndarray) -> list[np.ndarray]:
        found = compiled(_inputs(file, pixels, ids))
        return [found[output] for output in compiled.outputs]

    return run


def opencv(file: Path) -> Run:
    """OpenCV's dnn module."""
    package, names = import_module("cv2"), _output_names(file)
    package.setNumThreads(THREADS)
    network = package.dnn.readNetFromONNX(str(file))

    def run(pixels: np.ndarray, ids: np.ndarray) -> list[np.ndarray]:
        network.setInput(pixels, "pixel_values")
        if file.name != ANSWER:
            network.setInput(ids, "class_ids")
        return list(network.forward(names))

    return run


def _output_names(file: Path) -> list[str]:
    return json.loads(file.with_name("names.json").read_text(encoding="utf-8"))[file.name]


def mnn(file: Path) -> Run:
    """MNN. The converter's own command tries to install a package for logging, so its library is called; it may crash,
    or write nothing and report success."""
    made = file.with_suffix(".mnn")
    words = ["mnnconvert", "-f", "ONNX", "--modelFile", str(file), "--MNNModel", str(made), "--bizCode", "fer"]
    convert = f"import _tools; _tools.mnnconvert({words!r})"
    run = subprocess.run([sys.executable, "-c", convert], capture_output=True, text=True, check=False)
    if not made.is_file() or not made.stat().st_size:
        raise RuntimeError(f"the converter wrote nothing and ended with {run.returncode}")
    expr, nn = import_module("MNN.expr"), import_module("MNN.nn")
    runtime = nn.create_runtime_manager(({"backend": "CPU", "numThread": THREADS, "precision": "high"},))
    names = ["pixel_values"] if file.name == ANSWER else ["pixel_values", "class_ids"]
    network = nn.load_module_from_file(str(made), names, _output_names(file), runtime_manager=runtime)

    def run_it(pixels: np.ndarray, ids: np.ndarray) -> list[np.ndarray]:
        variables = [expr.const(pixels, list(pixels.shape), expr.NCHW, expr.float)]
        if len(names) > 1:
            variables.append(expr.const(ids.astype(np.int32), list(ids.shape), expr.NCHW, expr.int))
        return [np.array(expr.convert(output, expr.NCHW).read()) for output in network.forward(variables)]

    return run_it


def tract(file: Path) -> Run:
    """tract, by sonos, with the number of pictures set to 1."""
    package = import_module("tract")
    model = package.onnx().load(str(file))
    symbols = {str(model.input_fact(0)).split(",")[0]} - {"1"}
    typed = model.into_model()
    if symbols:
        typed.transform(package.SetSymbols(dict.fromkeys(symbols, 1)))
    runnable = typed.into_runnable()
    return lambda pixels, ids: [one.to_numpy() for one in runnable.run(_inputs(file, pixels, ids))]


def ncnn(file: Path) -> Run:
    """ncnn, converted by pnnx. It knows no axis of pictures."""
    package, side = import_module("ncnn"), int(np.load(file.with_name("arrays.npz"))["pixels"].shape[-1])
    shapes = f"[1,3,{side},{side}]f32" + ("" if file.name == ANSWER else ",[1]i64")
    words = [str(Path(sys.executable).with_name("pnnx")), str(file), f"inputshape={shapes}", "fp16=0"]
    run = subprocess.run(words, capture_output=True, text=True, check=False, cwd=file.parent)
    made = file.with_name(f"{file.stem}.ncnn.param")
    if not made.is_file() or not made.stat().st_size:
        raise RuntimeError(f"pnnx wrote nothing and ended with {run.returncode}: {last_line(run.stdout)}")
    kinds = {line.split()[0] for line in made.read_text(encoding="utf-8").splitlines()[2:]}
    unknown = sorted(kind for kind in kinds if "." in kind or package.layer_to_index(kind) < 0)
    if unknown:
        raise RuntimeError(f"ncnn has no layer for {', '.join(unknown)}")
    network = package.Net()
    network.opt.num_threads, network.opt.use_fp16_storage = THREADS, False
    network.opt.use_fp16_packed = network.opt.use_fp16_arithmetic = network.opt.use_bf16_storage = False
    if network.load_param(str(made)) or network.load_model(str(made.with_suffix(".bin"))):
        raise RuntimeError("ncnn does not load what pnnx wrote")
    outputs = [f"out{number}" for number in range(len(_output_names(file)))]

    def run_it(pixels: np.ndarray, ids: np.ndarray) -> list[np.ndarray]:
        with network.create_extractor() as extractor:
            extractor.input("in0", package.Mat(pixels[0]))
            if file.name != ANSWER:
                extractor.input("in1", package.Mat(ids.astype(np.int32)))
            found = [extractor.extract(name) for name in outputs]
            if any(status for status, _ in found):
                raise RuntimeError("ncnn stops in a layer, without saying in which")
            return [np.array(values)[None] for _, values in found]

    return run_it


def _as_torch(file: Path):
    """The graph as a torch module, and inputs that it is converted with."""
    import torch

    from benchmarks.onnx_as_torch import OnnxAsTorch

    side = int(np.load(file.with_name("arrays.npz"))["pixels"].shape[-1])
    return OnnxAsTorch(file).eval(), tuple(
        map(torch.from_numpy, _inputs(file, np.zeros((1, 3, side, side), np.float32), np.array([OWN_ANSWER])))
    )


def litert(file: Path) -> Run:
    """LiteRT, converted by litert-torch."""
    network, inputs = _as_torch(file)
    made = file.with_suffix(".tflite")
    import_module("litert_torch").convert(network, inputs).export(str(made))
    interpreter = import_module("ai_edge_litert.interpreter").Interpreter(str(made), num_threads=THREADS)
    serve_it, count = interpreter.get_signature_runner(), len(_output_names(file))

    def run(pixels: np.ndarray, ids: np.ndarray) -> list[np.ndarray]:
        given = _inputs(file, pixels, ids.astype(np.int32))
        found = serve_it(**{f"args_{number}": one for number, one in enumerate(given)})
        return [found[f"output_{number}"] for number in range(count)]

    return run


def executorch(file: Path) -> Run:
    """ExecuTorch with XNNPACK."""
    import torch

    network, inputs = _as_torch(file)
    partitioner = import_module("executorch.backends.xnnpack.partition.xnnpack_partitioner").XnnpackPartitioner()
    lowered = import_module("executorch.exir").to_edge_transform_and_lower(
        torch.export.export(network, inputs), partitioner=[partitioner]
    )
    made = file.with_suffix(".pte")
    made.write_bytes(lowered.to_executorch().buffer)
    import_module("executorch.extension.pybindings.portable_lib")._unsafe_reset_threadpool(THREADS)
    method = import_module("executorch.runtime").Runtime.get().load_program(made).load_method("forward")

    def run(pixels: np.ndarray, ids: np.ndarray) -> list[np.ndarray]:
        return [one.numpy().copy() for one in method.execute(list(map(torch.from_numpy, _inputs(file, pixels, ids))))]

    return run


@dataclass(frozen=True)
class Runtime:
    """open: a graph's file -> what runs it. packages: whose versions say which runtime that is. pictures: how many at
    once. graph: the file that it is given. wants: how its input must lie."""

    open: Callable[[Path], Run]
    packages: tuple[str, ...]
    pictures: int = 1
    graph: str = "one.onnx"
    wants: str = "one picture; ids int64"


ANY = "any number of pictures; ids int64"
RUNTIMES: dict[str, Runtime] = {
    "onnxruntime": Runtime(onnxruntime, ("onnxruntime",), BATCH, "model.onnx", ANY),
    "openvino": Runtime(openvino, ("openvino",), BATCH, "model.onnx", ANY),
    "opencv": Runtime(opencv, ("opencv-python-headless",), BATCH, "model.onnx", ANY),
    "mnn": Runtime(mnn, ("MNN",), BATCH, "model.onnx", "any number of pictures; ids int32"),
    "tract": Runtime(tract, ("tract",), 1, "model.onnx", "one picture, its symbol set to 1; ids int64"),
    "litert": Runtime(litert, ("ai-edge-litert", "litert-torch"), wants="one picture; ids int32"),
    "executorch": Runtime(executorch, ("executorch",)),
    "ncnn": Runtime(ncnn, ("ncnn", "pnnx"), wants="one picture without an axis for it, `(3, S, S)`"),
}


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1][:200]


def reason(error: Exception) -> str:
    """In its first line most runtimes say what is wrong, and what follows is a trace."""
    first = (str(error).strip().splitlines() or ["it said nothing"])[0]
    return f"{type(error).__name__}: {first}"[:200].replace("|", "/")


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference; infinite where a number is none.

    Raises:
        ValueError: they are not as many numbers.
    """
    if found.size != expected.size:
        raise ValueError(f"it gives {found.size} numbers where {expected.size} are asked for")
    difference = float(np.abs(found.reshape(expected.shape) - expected).max())
    return difference if difference == difference else float("inf")


def compared(found: list[np.ndarray | None], expected: list[np.ndarray]) -> dict[str, float | None]:
    """Logits, the CAM (`None`: there is none), and the model's own maps and profiles, in that order, beside the
    library's."""
    differences = [None if one is None else apart(one, other) for one, other in zip(found, expected, strict=True)]
    answers = found[0].reshape(expected[0].shape).argmax(axis=1)
    return {
        "logits": differences[0],
        "cam": differences[1],
        "attention": max(differences[2:], default=0.0),
        "same": float((answers == expected[0].argmax(axis=1)).mean()),
    }


def permuted_apart(run: Run, pixels: np.ndarray, ids: np.ndarray) -> float | None:
    """How far its logits move when the same picture lies in memory as height, width, channel and is permuted; `None`
    where that is refused."""
    other = np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    expected = np.array(run(pixels, ids)[0])
    try:
        return apart(np.array(run(other, ids)[0]), expected)
    except Exception:  # each runtime has its own
        return None


def serve(runtime: str, folder: Path, graph: str) -> dict:
    """One runtime on one graph: the fields of a `Ran`."""
    kept, one = np.load(folder / "arrays.npz"), RUNTIMES[runtime]
    pixels, expected = kept["pixels"], [kept[f"output{number}"] for number in range(len(kept.files) - 1)]
    own, batch = np.full(len(pixels), OWN_ANSWER, dtype=np.int64), 1 if graph == ANSWER else one.pictures
    try:
        run = one.open(folder / graph)
        parts = [
            run(pixels[start : start + batch], own[start : start + batch]) for start in range(0, len(pixels), batch)
        ]
        times = []
        for number in range(min(len(pixels), 50)):
            start = time.perf_counter()
            run(pixels[number : number + 1], own[:1])
            times.append(1000 * (time.perf_counter() - start))
        found: list = [np.concatenate(column) for column in zip(*parts, strict=True)]
        if graph == ANSWER:
            found.insert(1, None)
        figures = compared(found, expected)
        moved = permuted_apart(run, pixels[:1], own[:1])
    except Exception as error:  # each runtime has its own
        return {"fault": reason(error)}
    return figures | {"permuted": moved, "milliseconds": statistics.median(times)}


def installed(runtime: str) -> str | None:
    """Its name with its version, and those of what converts for it; `None` where one is missing."""
    try:
        versions = [version(package) for package in RUNTIMES[runtime].packages]
    except PackageNotFoundError:
        return None
    converters = [f"{p} {v}" for p, v in zip(RUNTIMES[runtime].packages[1:], versions[1:], strict=True)]
    return f"{runtime} {versions[0]}" + (f" ({', '.join(converters)})" if converters else "")


if __name__ == "__main__":
    out, sys.stdout = sys.stdout, sys.stderr  # what else is printed is no answer
    answer = serve(sys.argv[1], Path(sys.argv[2]), sys.argv[3]) if len(sys.argv) > 2 else installed(sys.argv[1])
    print(json.dumps(answer), file=out, flush=True)
    os._exit(0)  # some crash when they are taken down, after all is said
