#!/usr/bin/env bash
# MNN 3.6.1, onnx 1.22.0, onnxruntime 1.32.0: ReduceL2 along one axis is computed along all of them.
#
# Expected: since opset 18 ReduceL2 has its axes as an input, and a constant one says "the last", so `(2, 3, 4)` becomes
#   `(2, 3, 1)`, as onnxruntime makes it; ReduceSum with the same axes is right in MNN, too.
# Seen: the converter reports success, and the network gives one number, the length of everything, without an error.
#   With its axes as an attribute (opset 17) it is right.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet MNN==3.6.1 onnx==1.22.0 onnxruntime==1.32.0 numpy
cat > "$place/make.py" <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

place, x = sys.argv[1], np.arange(1, 25, dtype=np.float32).reshape(2, 3, 4)
np.save(f"{place}/x.npy", x)
for name, kind, opset in (("sum_20", "ReduceSum", 20), ("length_20", "ReduceL2", 20), ("length_17", "ReduceL2", 17)):
    as_input = opset == 20
    inputs, told = (["x", "axes"], {}) if as_input else (["x"], {"axes": [2]})
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, ["y"], keepdims=1, **told)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3, 1])],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [2])] if as_input else [],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), f"{place}/{name}.onnx"
    )
    np.save(f"{place}/{name}.npy", onnxruntime.InferenceSession(f"{place}/{name}.onnx").run(None, {"x": x})[0])
PYTHON
cat > "$place/try.py" <<'PYTHON'
import sys

import _tools
import MNN.expr as expr
import MNN.nn as nn
import numpy as np

place, right = sys.argv[1], []
x = np.load(f"{place}/x.npy")
for name in ("sum_20", "length_17", "length_20"):
    made = f"{place}/{name}.mnn"
    # what the command mnnconvert calls
    _tools.mnnconvert(["x", "-f", "ONNX", "--modelFile", f"{place}/{name}.onnx", "--MNNModel", made, "--bizCode", "x"])
    network = nn.load_module_from_file(made, ["x"], ["y"])
    found = network.forward([expr.const(x, list(x.shape), expr.NCHW, expr.float)])
    found = np.array((found[0] if isinstance(found, list) else found).read())
    expected = np.load(f"{place}/{name}.npy")
    right.append(found.shape == expected.shape and bool(np.allclose(found, expected, rtol=1e-3)))
    print(f"{name}: onnxruntime {expected.shape} {expected.ravel().round(2)}, MNN {found.shape} {found.ravel().round(2)}")
sys.exit(0 if right == [True, True, False] else 1)
PYTHON
"$place/env/bin/python" "$place/make.py" "$place"
"$place/env/bin/python" "$place/try.py" "$place" | grep onnxruntime
