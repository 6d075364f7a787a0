#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0: a Softmax over channels that is converted to opset 12 or 11 runs over the whole picture.
#
# Expected: until opset 12 `axis` was where a tensor is flattened to a matrix, since 13 it is the one axis that adds up to 1.
#   The version converter keeps what a graph computes or refuses; on the way up, from 12 to 13, it writes a Flatten, a Softmax
#   and a Reshape for that.
# Seen: on the way down it keeps `axis=1`, so that of `(N, C, H, W)` now C * H * W values add up to 1, without a warning, and
#   the checker is content. LogSoftmax is the same, and so are weights over tokens, `axis=-2` of `(N, T, d)`. Over the last
#   axis, and for `(N, C)`, it is right. An operator without a way down, such as Hardmax, is refused with an error.
# Source: onnx/version_converter/adapters/softmax_13_12.h counts a negative axis from the front and does nothing else. The
#   axis would have to be transposed to the end (github.com/onnx/onnx/issues/6340 says so).
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
from onnx import TensorProto, checker, helper, version_converter

onnxruntime.set_default_logger_severity(3)
x = {
    "pictures": np.random.default_rng(0).normal(size=(2, 7, 6, 6)).astype(np.float32),
    "tokens": np.random.default_rng(1).normal(size=(2, 9, 5)).astype(np.float32),
    "answers": np.random.default_rng(2).normal(size=(2, 7)).astype(np.float32),
}


def defined(operation: str, x: np.ndarray, axis: int) -> np.ndarray:
    """The operation along one axis, as since opset 13."""
    shares = np.exp(x - x.max(axis, keepdims=True))
    shares /= shares.sum(axis, keepdims=True)
    return np.log(shares) if operation == "LogSoftmax" else shares


def apart(operation: str, what: str, axis: int, version: int) -> float:
    """Largest difference of the converted graph from the definition; the graph itself is right."""
    graph = helper.make_graph(
        [helper.make_node(operation, ["x"], ["y"], axis=axis)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *x[what].shape[1:]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", *x[what].shape[1:]])],
    )
    model, found = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7), []
    for one in (model, version_converter.convert_version(model, version)):
        checker.check_model(one, full_check=True)
        session = onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"])
        found.append(float(np.abs(session.run(None, {"x": x[what]})[0] - defined(operation, x[what], axis)).max()))
    assert found[0] < 1e-5
    return found[1]


wrong = []
for operation, what, axis, version in (
    ("Softmax", "pictures", 1, 12),
    ("Softmax", "pictures", 1, 11),
    ("LogSoftmax", "pictures", 1, 12),
    ("Softmax", "tokens", -2, 12),
    ("Softmax", "tokens", -1, 12),
    ("Softmax", "answers", 1, 12),
):
    far = apart(operation, what, axis, version)
    print(f"{operation} of {what} along axis {axis}, from opset 13 to {version}: {far:.1e} off")
    wrong.append(far > 0.3)
sys.exit(0 if wrong == [True] * 4 + [False] * 2 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
