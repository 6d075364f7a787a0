#!/usr/bin/env bash
# onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0: a Softmax over channels of opset 11 runs over another set of values when
# it is converted to opset 21.
#
# Expected: until opset 12 `axis` was where a tensor is flattened to a matrix, so that all behind it added up to 1, and 1 was
#   the default. Since 13 it is the one axis that adds up to 1, the last by default. The version converter keeps what a graph
#   computes or refuses: onnx's own writes a Flatten, a Softmax and a Reshape, and so does this one with `fallback=True`.
# Seen: without `fallback=True` the graph is said to be of opset 21 with the same nodes, without a warning: attention over a
#   picture, `axis=1` of (N, C, H, W), adds up to 1 in each pixel. LogSoftmax and Hardmax are the same. Along the last axis it
#   is right.
# Source: onnxscript/version_converter/__init__.py, `_ConvertVersionPassRequiresInline.call`: only with `fallback` is it asked
#   whether the graph's own opset is 18 or more, from where on there are adapters; without, every graph is taken.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet onnxscript==0.7.2 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnx_ir
import onnxruntime
import onnxscript.version_converter
from onnx import TensorProto, checker, helper

pictures = np.random.default_rng(0).normal(size=(2, 7, 6, 6)).astype(np.float32)


def defined(operation: str, axis: int) -> np.ndarray:
    """The operation as until opset 12, over everything from `axis` on."""
    rows = pictures.reshape(int(np.prod(pictures.shape[:axis])), -1)
    shares = np.exp(rows) / np.exp(rows).sum(1, keepdims=True)
    made = {"Softmax": shares, "LogSoftmax": np.log(shares), "Hardmax": np.eye(rows.shape[1])[rows.argmax(1)]}
    return made[operation].reshape(pictures.shape)


def apart(operation: str, axis: int | None, fallback: bool) -> tuple[float, float]:
    """How far the graph of opset 11 and the converted graph are from numpy."""
    graph = helper.make_graph(
        [helper.make_node(operation, ["x"], ["y"], **({} if axis is None else {"axis": axis}))],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, pictures.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, pictures.shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    again = onnx_ir.from_proto(model)
    onnxscript.version_converter.convert_version(again, 21, fallback=fallback)
    found = []
    for one, version in ((model, 11), (onnx_ir.to_proto(again), 21)):
        checker.check_model(one, full_check=True)
        assert one.opset_import[0].version == version
        session = onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"])
        expected = defined(operation, 1 if axis is None else axis)
        found.append(float(np.abs(session.run(None, {"x": pictures})[0] - expected).max()))
    return found[0], found[1]


wrong, right = [], []
for operation, axis, fallback in (
    ("Softmax", 1, False),
    ("Softmax", None, False),
    ("LogSoftmax", 1, False),
    ("Hardmax", 1, False),
    ("Softmax", 3, False),
    ("Softmax", 1, True),
):
    before, after = apart(operation, axis, fallback)
    print(f"{operation}, axis {axis}, fallback {fallback}: opset 11 {before:.1e} off, opset 21 {after:.1e} off")
    wrong.append(after > 0.3)
    right.append(before < 1e-5 and (wrong[-1] or after < 1e-5))
sys.exit(0 if wrong == [True] * 4 + [False] * 2 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" 2>/dev/null
