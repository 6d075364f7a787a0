#!/usr/bin/env bash
# tinygrad 0.14.0, onnx 1.23.2, onnxruntime 1.32.0: ScatterND writes into its input, which others read afterwards.
#
# Expected: a node of a graph makes a new tensor: ScatterND gives a copy of x with some rows set (or added to), and x is
#   what it was for all others that read it, as in onnxruntime. `y - x` is what was changed, and zero elsewhere.
# Seen: x is changed itself: `y - x` is zero everywhere, and `y + x` counts the new rows twice, without an error,
#   whether x is a graph's input or a constant. A tinygrad tensor that a caller gives as x is changed as well. With
#   ScatterElements, and where nothing else reads x, it is right.
# Source: tinygrad/nn/onnx.py, `ScatterND`, assigns to `x[i]`, row by row, and returns x.
# Exits with 1 once that is no longer so. (DEV=PYTHON is tinygrad's own interpreter, for which no compiler is needed.)
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet tinygrad==0.14.0 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys
import tempfile

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper, save
from tinygrad import Tensor
from tinygrad.nn.onnx import OnnxRunner

x, new = np.array([1, 2, 3, 4], np.float32), np.array([10, 20], np.float32)
changed = np.array([10, 2, 20, 4], np.float32)


def made(kind: str, other: str | None, constant: bool) -> str:
    """A file with a graph that sets values 0 and 2 of x and puts the result together with x."""
    indices = np.array([0, 2]) if kind == "ScatterElements" else np.array([[0], [2]])
    nodes = [helper.make_node(kind, ["x", "indices", "new"], ["s" if other else "y"])]
    if other:
        nodes.append(helper.make_node(other, ["s", "x"], ["y"]))
    inputs = [helper.make_tensor_value_info("new", TensorProto.FLOAT, [2])]
    tensors = [numpy_helper.from_array(indices, "indices")]
    if constant:
        tensors.append(numpy_helper.from_array(x, "x"))
    else:
        inputs.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, [4]))
    result = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])]
    graph = helper.make_graph(nodes, "graph", inputs, result, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    file = tempfile.mkdtemp(dir=sys.argv[1]) + "/model.onnx"
    save(model, file)
    return file


right, twice = [], []
for kind, other, constant in (
    ("ScatterND", "Sub", False),
    ("ScatterND", "Add", False),
    ("ScatterND", "Sub", True),
    ("ScatterND", None, False),
    ("ScatterElements", "Sub", False),
):
    file = made(kind, other, constant)
    inputs = {"new": new} if constant else {"new": new, "x": x}
    reference = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, inputs)[0]
    expected = {"Sub": changed - x, "Add": changed + x, None: changed}[other]
    if not np.array_equal(reference, expected):
        sys.exit(2)
    found = OnnxRunner(file)({name: value.copy() for name, value in inputs.items()})["y"].numpy()
    right.append(np.array_equal(found, expected))
    twice.append(np.array_equal(found, {"Sub": changed - changed, "Add": changed + changed, None: changed}[other]))
    what = {"Sub": "y - x", "Add": "y + x", None: "y"}[other]
    print(f"{kind}, {'a constant' if constant else 'an input'}, {what}:", end=" ")
    print(f"{reference} in onnxruntime, {found} in tinygrad")
own = Tensor(x.copy())
OnnxRunner(made("ScatterND", None, False))({"new": new.copy(), "x": own})["y"].numpy()
print(f"the caller's tensor: {x} before, {own.numpy()} after")
right.append(np.array_equal(own.numpy(), x))
sys.exit(0 if right == [False] * 3 + [True] * 2 + [False] and all(twice[:3]) else 1)
PYTHON
DEV=PYTHON "$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null
