#!/usr/bin/env bash
# MNN 3.6.1, onnx 1.23.2, onnxruntime 1.32.0: what is added to the columns or rows of a convolution's maps is added to
# their channels.
#
# Expected: a sum with six constants along the last axis, `(6,)`, or along the last but one, `(6, 1)`, moves columns
#   or rows of a map, as a learned position of each column does; the converted network keeps that.
# Seen: where there are as many channels as columns (or rows), the constants become the convolution's bias, one for
#   each channel: no error, the right shape, other numbers. With other channel counts it is right, and so are a
#   product in place of the sum, one number for each channel, `(6, 1, 1)`, and the constants as the first operand.
# Source: tools/converter/source/optimizer/merge/ConvBiasAdd.cpp of MNN compares how many constants there are with the
#   number of channels, not along which axis they lie.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet MNN==3.6.1 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import _tools
import MNN.expr as expr
import MNN.nn as nn
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper, save

place = sys.argv[1]
generator = np.random.default_rng(0)
x = generator.normal(size=(1, 3, 8, 8)).astype(np.float32)


def apart(channels: int, shape: tuple[int, ...], kind: str, first: bool) -> tuple[float, float]:
    """How far MNN is from onnxruntime, and from a bias of these constants, in shares of the largest value."""
    weights = generator.normal(size=(channels, 3, 3, 3)).astype(np.float32)
    constants = generator.normal(size=shape).astype(np.float32) * 5
    operands = ["constants", "h"] if first else ["h", "constants"]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "weights"], ["h"]), helper.make_node(kind, operands, ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, channels, 6, 6]) for n in ("y", "h")],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(constants, "constants")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, f"{place}/b.onnx")
    session = onnxruntime.InferenceSession(f"{place}/b.onnx", providers=["CPUExecutionProvider"])
    expected, maps = session.run(None, {"x": x})
    del graph.output[1]
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, f"{place}/a.onnx")
    # what the command mnnconvert calls
    files = ["--modelFile", f"{place}/a.onnx", "--MNNModel", f"{place}/a.mnn"]
    _tools.mnnconvert(["x", "-f", "ONNX", *files, "--bizCode", "x"])
    network = nn.load_module_from_file(f"{place}/a.mnn", ["x"], ["y"])
    found = expr.convert(network.forward([expr.const(x, list(x.shape), expr.NCHW, expr.float)])[0], expr.NCHW)
    found = np.array(found.read()).reshape(expected.shape)
    other = maps + constants.reshape(-1, 1, 1) if channels == 6 else expected
    return tuple(float(np.abs(found - a).max() / np.abs(expected).max()) for a in (expected, other))


wrong, right = [], []
for channels, shape, kind, first in (
    (6, (6,), "Add", False),
    (6, (6, 1), "Add", False),
    (7, (6,), "Add", False),
    (6, (6, 1, 1), "Add", False),
    (6, (6,), "Mul", False),
    (6, (6,), "Add", True),
):
    found, as_bias = apart(channels, shape, kind, first)
    what = f"{kind} of {channels} channels, 6 x 6, and constants {shape}{' in front' if first else ''}"
    print(f"{what}: {found:.1e} off onnxruntime, {as_bias:.1e} off the constants along the channels")
    wrong.append(found > 0.05)
    right.append(as_bias < 1e-5 if wrong[-1] else found < 1e-5)
sys.exit(0 if wrong == [True] * 2 + [False] * 4 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null | grep "off onnxruntime"
