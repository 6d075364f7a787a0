#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0: the reference evaluator's AveragePool with ceil_mode=1 starts outside the picture.
#
# Expected: windows lie at multiples of the stride from the first pixel on, and ceil_mode=1 adds one that reaches over the
#   end, whose average is of the pixels it holds: of 10 pixels in windows of 4 it is of the last 2.
# Seen: where the last window misses 2 pixels or more, half of them are put before the picture, so that every window is moved
#   and each average is of other pixels, without a warning. LpPool is the same. Where 1 pixel is missing, without
#   ceil_mode=1, and for MaxPool, which has a way of its own, it is right.
# Source: onnx/reference/ops/op_pool_common.py, `get_output_shape_explicit_padding`, shares what is missing between both
#   sides (`extra_pad // 2` goes to the front).
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
from onnx import TensorProto, checker, helper
from onnx.reference import ReferenceEvaluator

pictures = np.random.default_rng(0).normal(size=(2, 3, 14, 14)).astype(np.float32)
of = {
    "AveragePool": lambda window: window.mean((2, 3)),
    "MaxPool": lambda window: window.max((2, 3)),
    "LpPool": lambda window: np.sqrt(np.square(window).sum((2, 3))),
}


def apart(operation: str, pixels: int, kernel: int, stride: int, ceil: int) -> tuple[float, float]:
    """How far onnxruntime and the evaluator are from numpy."""
    x = pictures[:, :, :pixels, :pixels]
    graph = helper.make_graph(
        [helper.make_node(operation, ["x"], ["y"], kernel_shape=[kernel] * 2, strides=[stride] * 2, ceil_mode=ceil)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3, "height", "width"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    checker.check_model(model, full_check=True)
    starts = [stride * i for i in range((pixels - kernel + (stride - 1) * ceil) // stride + 1)]
    rows = [np.stack([of[operation](x[:, :, i : i + kernel, j : j + kernel]) for j in starts], -1) for i in starts]
    expected = np.stack(rows, -2)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {"x": x})[0], ReferenceEvaluator(model).run(None, {"x": x})[0]
    return tuple(float(np.abs(y - expected).max()) for y in found)


wrong, right = [], []
for operation, pixels, kernel, stride, ceil in (
    ("AveragePool", 10, 4, 4, 1),
    ("AveragePool", 7, 3, 3, 1),
    ("AveragePool", 13, 5, 5, 1),
    ("LpPool", 10, 4, 4, 1),
    ("AveragePool", 8, 3, 3, 1),
    ("AveragePool", 8, 3, 2, 1),
    ("AveragePool", 10, 4, 4, 0),
    ("MaxPool", 10, 4, 4, 1),
):
    theirs, ours = apart(operation, pixels, kernel, stride, ceil)
    what = f"{operation}, {pixels} pixels, windows of {kernel}, stride {stride}, ceil_mode {ceil}"
    print(f"{what}: onnxruntime {theirs:.1e} off, evaluator {ours:.1e} off")
    wrong.append(ours > 0.1)
    right.append(theirs < 1e-5 and (wrong[-1] or ours < 1e-5))
sys.exit(0 if wrong == [True] * 4 + [False] * 4 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
