#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0: the reference evaluator's LpNormalization with p = 1 divides by the sum, signs and all.
#
# Expected: the L1 norm is the sum of absolute values, so what comes out has absolute values that add up to 1.
# Seen: values of both signs cancel in the evaluator, results are as large as one likes, and where they add up to less than
#   nothing their signs turn. With p = 2, and for values of one sign, it is right. onnxruntime is right in all cases.
# Source: onnx/reference/ops/op_lp_normalization.py takes the power of the values, not of their absolute values.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def lengths(p: int, x: np.ndarray) -> tuple[float, float]:
    """The p-norm of what the evaluator and what onnxruntime make of a row."""
    graph = helper.make_graph(
        [helper.make_node("LpNormalization", ["x"], ["y"], axis=1, p=p)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    runtime = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = (ReferenceEvaluator(model).run(None, {"x": x})[0], runtime.run(None, {"x": x})[0])
    return tuple(float((np.abs(y) ** p).sum() ** (1 / p)) for y in found)


row = np.array([[1.0, -2.0, 3.0, -2.5]], np.float32)
cases = {"p = 1, both signs": (1, row), "p = 1, one sign": (1, abs(row)), "p = 2, both signs": (2, row)}
found = {name: lengths(*case) for name, case in cases.items()}
for name, (evaluator, runtime) in found.items():
    print(f"{name}: length by the evaluator {evaluator:.3f}, by onnxruntime {runtime:.3f}, expected 1")
right = {name: (abs(one - 1) < 1e-3, abs(other - 1) < 1e-3) for name, (one, other) in found.items()}
sys.exit(0 if list(right.values()) == [(False, True), (True, True), (True, True)] else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
