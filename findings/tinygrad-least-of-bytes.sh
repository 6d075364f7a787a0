#!/usr/bin/env bash
# tinygrad 0.14.0, onnx 1.23.2, onnxruntime 1.32.0: ArgMin of bytes does not find a 0.
#
# Expected: ArgMin is where the least value is; of a picture or a map in bytes the darkest pixel is one that is 0 where
#   there is one, as numpy and onnxruntime find it.
# Seen: for uint8 it is the least value above 0, and 0 counts as the largest of all: of 5, 200, 1, 0, 3 it is the 1, and
#   of votes 0, 0, 7 the 7, without a warning. For int8 a -128 is never found. ArgMax, ReduceMin and ArgMin of the same
#   values as float32 or int32 are right.
# Source: tinygrad/nn/onnx.py, `ArgMin`, is ArgMax of -x, and in bytes -0 is 0, the least, and -1 is 255, the largest.
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
from onnx import checker, helper, save
from onnx.helper import np_dtype_to_tensor_dtype
from tinygrad.nn.onnx import OnnxRunner


def run(kind: str, x: np.ndarray) -> tuple[int, int]:
    """What onnxruntime and tinygrad find in a row of values."""
    result = np.dtype(np.int64) if kind.startswith("Arg") else x.dtype
    told = {"axis": 1} if kind.startswith("Arg") else {}
    graph = helper.make_graph(
        [helper.make_node(kind, ["x"], ["y"], keepdims=1, **told)],
        "graph",
        [helper.make_tensor_value_info("x", np_dtype_to_tensor_dtype(x.dtype), list(x.shape))],
        [helper.make_tensor_value_info("y", np_dtype_to_tensor_dtype(result), [1, 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    checker.check_model(model, full_check=True)
    file = tempfile.mkdtemp(dir=sys.argv[1]) + "/model.onnx"
    save(model, file)
    first = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    return int(first[0, 0]), int(OnnxRunner(file)({"x": x})["y"].numpy()[0, 0])


right, as_seen = [], []
for kind, type_, values, by_hand, seen in (
    ("ArgMin", np.uint8, [5, 200, 1, 0, 3], 3, 2),
    ("ArgMin", np.uint8, [0, 0, 7], 0, 2),
    ("ArgMin", np.int8, [5, 100, 1, -128, -3], 3, 4),
    ("ArgMin", np.uint8, [5, 200, 1, 9, 3], 2, 2),
    ("ArgMin", np.int32, [5, 200, 1, 0, 3], 3, 3),
    ("ArgMin", np.float32, [5, 200, 1, 0, 3], 3, 3),
    ("ArgMax", np.uint8, [5, 200, 1, 0, 3], 1, 1),
    ("ReduceMin", np.uint8, [5, 200, 1, 0, 3], 0, 0),
):
    reference, found = run(kind, np.array([values], type_))
    if reference != by_hand:
        sys.exit(2)
    right.append(found == by_hand)
    as_seen.append(found == seen)
    print(f"{kind} of {values} as {np.dtype(type_)}: {reference} in onnxruntime, {found} in tinygrad")
sys.exit(0 if right == [False] * 3 + [True] * 5 and all(as_seen) else 1)
PYTHON
DEV=PYTHON "$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null
