#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0: a linear Upsample or Resize of opset 9 or 10 that is converted to a later one moves
# the picture.
#
# Expected: until opset 10 a pixel i of the larger picture is taken at i / scale, so that the first of each stays
#   where it is; since 11 that is `coordinate_transformation_mode="asymmetric"`, and "half_pixel" is the default. The
#   version converter keeps what a graph computes, and onnxruntime gives the same before and after.
# Seen: the converter adds an empty `roi` and no attribute, so that "half_pixel" it is: a ramp 0, 1, 2 that is doubled
#   was 0, 0.5, 1, 1.5 and is 0, 0.25, 0.75, 1.25, without a warning, and the checker is content; every map is moved
#   by a quarter of a pixel. "nearest" is another picture for scales such as 1.75, and the same for 2. To opset 10 it
#   is right.
# Source: onnx/version_converter/adapters/resize_10_11.h changes the inputs and sets no attribute
#   (github.com/onnx/onnx/issues/8480 says so).
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
from onnx import TensorProto, checker, helper, numpy_helper, version_converter

onnxruntime.set_default_logger_severity(3)
x = np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6)


def own(mode: str, scale: float) -> np.ndarray:
    """By the definition of opset 10: at i / scale, the pixel before it or between its neighbours."""
    at = np.arange(int(6 * scale)) / scale
    return np.floor(at) if mode == "nearest" else np.minimum(at, 5)


def run(model) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0].ravel()


wrong, right = [], []
for kind, mode, scale, before, after in (
    ("Upsample", "linear", 2, 9, 17),
    ("Upsample", "nearest", 1.75, 9, 17),
    ("Resize", "linear", 2, 10, 11),
    ("Resize", "nearest", 1.75, 10, 21),
    ("Upsample", "linear", 2, 9, 10),
    ("Upsample", "nearest", 2, 9, 17),
):
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", "scales"], ["y"], mode=mode)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 1, int(6 * scale)])],
        [numpy_helper.from_array(np.array([1, 1, 1, scale], np.float32), "scales")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", before)], ir_version=8)
    checker.check_model(model, full_check=True)
    converted = version_converter.convert_version(model, after)
    checker.check_model(converted, full_check=True)
    attributes = [a.name for node in converted.graph.node for a in node.attribute if node.op_type == "Resize"]
    first, second = run(model), run(converted)
    print(f"{kind}, {mode}, by {scale}, opset {before}: {first[:8].round(2).tolist()};", end=" ")
    print(f"opset {after}: {second[:8].round(2).tolist()}, attributes of Resize {attributes}")
    wrong.append(not np.allclose(first, second, atol=1e-3))
    right.append(np.allclose(first, own(mode, scale), atol=1e-5))
    right.append("coordinate_transformation_mode" not in attributes)
sys.exit(0 if wrong == [True] * 4 + [False] * 2 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" 2>/dev/null
