#!/usr/bin/env bash
# onnxslim 0.1.98, onnx 1.23.2, onnxruntime 1.32.0: a window over columns or rows of a convolution's maps is laid over their
# channels.
#
# Expected: a product with eight constants along the last axis, or along the last but one, `(8, 1)`, weights columns or rows
#   of a map: a Hann window, a frequency filter, a border that is faded out. Slimming keeps that.
# Seen: where there are as many channels as columns (or rows), the constants are multiplied into the kernels, one for each
#   channel, and the product is gone: no error, the right shape, other numbers. With other channel counts it is right, and so
#   is a sum in place of the product.
# Source: onnxslim/core/pattern/fusion/convmul.py, `ConvMulMatcher.rewrite`, drops axes of length one from the constant and
#   compares what is left with the number of channels, not where it lies. convadd.py beside it looks at the place.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet onnxslim==0.1.98 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import onnxslim
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(3)
generator = np.random.default_rng(0)
window = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(8) + 0.5) / 8)).astype(np.float32)


def run(model, x):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def apart(kind: str, operation: str, channels: int, shape: tuple[int, ...]) -> float:
    """How far the slimmed graph is from the definition, in shares of the largest value; the graph itself is right."""
    weights = generator.normal(size=(channels, 3, 1, 1) if kind == "Conv" else (3, channels, 1, 1)).astype(np.float32)
    constant = window.reshape(shape)
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", "weights"], ["y"]), helper.make_node(operation, ["y", "constant"], ["z"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 8, 8])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", channels, 8, 8])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(constant, "constant")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    x = generator.normal(size=(2, 3, 8, 8)).astype(np.float32)
    maps = np.einsum("ncij,oc->noij" if kind == "Conv" else "ncij,co->noij", x, weights[:, :, 0, 0])
    expected = maps * constant if operation == "Mul" else maps + constant
    assert np.abs(run(model, x) - expected).max() < 1e-4
    return float(np.abs(run(onnxslim.slim(model), x) - expected).max() / np.abs(expected).max())


wrong = []
for kind, operation, channels, shape, where in (
    ("Conv", "Mul", 8, (8,), "columns"),
    ("Conv", "Mul", 8, (8, 1), "rows"),
    ("ConvTranspose", "Mul", 8, (1, 1, 1, 8), "columns"),
    ("Conv", "Mul", 8, (8, 1, 1), "channels"),
    ("Conv", "Mul", 6, (8,), "columns"),
    ("Conv", "Add", 8, (8,), "columns"),
):
    far = apart(kind, operation, channels, shape)
    print(f"{kind} to {channels} channels, {operation} along {where}: slimmed {far:.1e} off")
    wrong.append(far > 0.1)
sys.exit(0 if wrong == [True, True, True, False, False, False] else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
