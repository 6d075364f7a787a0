#!/usr/bin/env bash
# MNN 3.6.1, onnx 1.23.2, onnxruntime 1.32.0: a number that is cast to bool stays a number, without its fraction.
#
# Expected: Cast to bool is false for zero and true for all else, so that `mask.bool()` of a soft mask of 0, 0.3, 1
#   and 5 is false, true, true, true, as onnxruntime does it, and is 0, 1, 1, 1 when it is cast back.
# Seen: it is 0, 0, 1, 5, without an error: 0.3 is false, as is all that lies between -1 and 1, and 5 counts five times
#   in the sum of a mask. Not makes -4 of the 5, which is true as well, so that both the mask and its opposite hold.
#   With a comparison, `mask != 0` (Equal and Not), it is right.
# Source: tools/converter/source/onnx/CastOnnx.cpp of MNN gives the type on that its `convertDataType` has for bool;
#   what comes out is what a cast to int32 gives.
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
x = np.array([[0, 0.3, -0.3, 1, 5, -2]], np.float32)
to_bool = [helper.make_node("Cast", ["x"], ["b"], to=TensorProto.BOOL)]
compare = [helper.make_node("Equal", ["x", "zero"], ["e"]), helper.make_node("Not", ["e"], ["b"])]
ends = {
    "number": [helper.make_node("Cast", ["b"], ["y"], to=TensorProto.FLOAT)],
    "sum": [helper.make_node("Cast", ["b"], ["n"], to=TensorProto.FLOAT), helper.make_node("ReduceSum", ["n"], ["y"])],
    "not": [helper.make_node("Not", ["b"], ["n"]), helper.make_node("Where", ["n", "one", "zero"], ["y"])],
    "where": [helper.make_node("Where", ["b", "one", "zero"], ["y"])],
}
truth = (x != 0).astype(np.float32)
own = {"number": truth, "sum": truth.sum(keepdims=True), "not": 1 - truth, "where": truth}


def run(nodes, end: str) -> list[np.ndarray]:
    """What onnxruntime and MNN give."""
    graph = helper.make_graph(
        [*nodes, *ends[end]],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, own[end].shape)],
        [numpy_helper.from_array(np.float32(v), n) for n, v in (("zero", 0), ("one", 1))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, f"{place}/a.onnx")
    # what the command mnnconvert calls
    files = ["--modelFile", f"{place}/a.onnx", "--MNNModel", f"{place}/a.mnn"]
    _tools.mnnconvert(["x", "-f", "ONNX", *files, "--bizCode", "x"])
    network = nn.load_module_from_file(f"{place}/a.mnn", ["x"], ["y"])
    found = network.forward([expr.const(x, list(x.shape), expr.NCHW, expr.float)])[0]
    session = onnxruntime.InferenceSession(f"{place}/a.onnx", providers=["CPUExecutionProvider"])
    return [session.run(None, {"x": x})[0], np.array(found.read()).reshape(own[end].shape)]


wrong, right = [], []
for name, nodes in (("Cast", to_bool), ("Equal and Not", compare)):
    for end in ends:
        expected, found = run(nodes, end)
        print(f"{name}, as {end}: onnxruntime {expected.ravel().tolist()}, MNN {found.ravel().tolist()}")
        wrong.append(not np.array_equal(found, own[end]))
        right.append(np.array_equal(expected, own[end]))
sys.exit(0 if wrong == [True] * 4 + [False] * 4 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null | grep "onnxruntime"
