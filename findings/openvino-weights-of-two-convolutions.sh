#!/usr/bin/env bash
# openvino 2026.4.1 (CPU, float32), onnx 1.22.0, onnxruntime 1.32.0: a ConvTranspose that has its weights in common with a
# Conv is computed with the wrong kernels.
#
# Expected: a graph may name an initializer as often as it likes; a gradient that is part of a graph does (the transposed
#   convolution with the weights of the convolution), and onnxruntime gives the same with one copy or two.
# Seen: where as many channels go in as come out, the transposed convolution's output is off by as much as its largest
#   value, without an error. With other channel counts, or a second copy of the same numbers, it is right.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet openvino==2026.4.1 onnx==1.22.0 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

file = str(Path(sys.argv[1]) / "graph.onnx")
generator = np.random.default_rng(0)


def apart(channels_in, channels_out, kernel, copies):
    """Largest difference of openvino and onnxruntime, in shares of the largest value."""
    shape = (channels_out, channels_in, kernel, kernel)
    weights = (generator.normal(size=shape) / channels_in**0.5).astype(np.float32)
    names = ["weights"] if copies == 1 else ["weights", "copy"]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", names[0]], ["y"], kernel_shape=[kernel, kernel]),
            helper.make_node("Relu", ["y"], ["r"]),
            helper.make_node("ConvTranspose", ["r", names[-1]], ["z"], kernel_shape=[kernel, kernel]),
        ],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", channels_in, 6, 6])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(weights, name) for name in names],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), file)
    x = generator.normal(size=(2, channels_in, 6, 6)).astype(np.float32)
    (expected,) = onnxruntime.InferenceSession(file).run(None, {"x": x})
    found = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})({"x": x})[0]
    return float(np.abs(found - expected).max() / np.abs(expected).max())


wrong = []
for channels_in, channels_out, kernel in ((16, 16, 1), (256, 256, 1), (16, 16, 3), (16, 32, 3)):
    shared, copied = (apart(channels_in, channels_out, kernel, copies) for copies in (1, 2))
    print(f"{channels_in} -> {channels_out} channels, {kernel} x {kernel}: shared {shared:.1e}, two copies {copied:.1e}")
    wrong.append(shared > 0.1 and copied < 1e-4)
sys.exit(0 if wrong == [True, True, True, False] else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place"
