#!/usr/bin/env bash
# tinygrad 0.14.0, onnx 1.23.2, onnxruntime 1.32.0: a centre crop from an odd size to an odd size begins a pixel too
# early.
#
# Expected: CenterCropPad cuts as much from either side where the sizes differ by an even number: of 5 pixels, pixels 1
#   to 3, of 225, 1 to 223, so that the middle pixel stays in the middle, as in onnxruntime and numpy.
# Seen: of 5 pixels it is 0 to 2, and of 225, 0 to 222, in rows and columns, without an error: nothing is cut off on the
#   left and top and two pixels on the right and bottom. From an even size, to an even size, and where a picture is
#   padded, it is right.
# Source: tinygrad/nn/onnx.py, `CenterCropPad`, halves both sizes by themselves, the one rounded down and the other up,
#   before it takes one from the other.
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
from onnx import TensorProto, checker, helper, save
from tinygrad.nn.onnx import OnnxRunner


def run(before: int, after: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows and columns from one size to another: what goes in, and what onnxruntime and tinygrad make of it."""
    x = np.arange(1, before * 3 + 1, dtype=np.float32).reshape(1, before, 3)
    graph = helper.make_graph(
        [helper.make_node("CenterCropPad", ["x", "sizes"], ["y"], axes=[1])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x.shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, after, 3])],
        [helper.make_tensor("sizes", TensorProto.INT64, [1], [after])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    checker.check_model(model, full_check=True)
    file = tempfile.mkdtemp(dir=sys.argv[1]) + "/model.onnx"
    save(model, file)
    first = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    return x, first, OnnxRunner(file)({"x": x})["y"].numpy()


def begins(x: np.ndarray, y: np.ndarray) -> int:
    """Which row of x is the first of y."""
    return int(np.flatnonzero((x[0] == y[0, 0]).all(1))[0])


right, early = [], []
for before, after in ((5, 3), (7, 5), (11, 3), (225, 223), (10, 8), (10, 7), (9, 4), (5, 9)):
    x, reference, found = run(before, after)
    middle = (before - after) // 2
    expected = x[:, middle : middle + after] if before > after else np.pad(x, ((0, 0), (2, 2), (0, 0)))
    if not np.array_equal(reference, expected):
        sys.exit(2)
    right.append(np.array_equal(found, expected))
    if before > after:
        early.append(np.array_equal(found, x[:, middle - 1 : middle - 1 + after]))
        row = f"from {begins(x, reference)} in onnxruntime, from {begins(x, found)} in tinygrad"
    else:
        row = "the same" if right[-1] else "another picture"
    print(f"{before} to {after}: {row}")
sys.exit(0 if right == [False] * 4 + [True] * 4 and early == [True] * 4 + [False] * 3 else 1)
PYTHON
DEV=PYTHON "$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null
