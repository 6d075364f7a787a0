#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0: the reference evaluator's LRN leaves out channels where there are fewer pictures.
#
# Expected: the evaluator that comes with onnx is what runtimes are judged by. Local response normalization, which older
#   networks of faces are built with, divides every value by what its neighbouring channels hold, as the formula says.
# Seen: with one picture only the first channel is right, with two the first two; the others are not divided by their
#   neighbours. With at least as many pictures as channels it is right. A picture's answer depends on the batch. onnxruntime
#   is what the formula gives.
# Source: onnx/reference/ops/op_lrn.py counts to the number of pictures where it goes through the channels.
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

CHANNELS, SIZE, ALPHA, BETA, BIAS = 4, 3, 0.1, 0.75, 1.0
graph = helper.make_graph(
    [helper.make_node("LRN", ["x"], ["y"], size=SIZE, alpha=ALPHA, beta=BETA, bias=BIAS)],
    "graph",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["pictures", CHANNELS, 3, 3])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["pictures", CHANNELS, 3, 3])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
runtime = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
right = []
for pictures in (1, 2, 4):
    x = np.random.default_rng(0).normal(3, 1, size=(pictures, CHANNELS, 3, 3)).astype(np.float32)
    squares = np.stack([(x[:, max(0, c - 1) : c + 2] ** 2).sum(axis=1) for c in range(CHANNELS)], axis=1)
    formula = x / (BIAS + ALPHA / SIZE * squares) ** BETA
    found = ReferenceEvaluator(model).run(None, {"x": x})[0]
    wrong = np.flatnonzero(np.abs(found - formula).max(axis=(0, 2, 3)) > 1e-3).tolist()
    other = float(np.abs(runtime.run(None, {"x": x})[0] - formula).max())
    print(f"{pictures} pictures: wrong channels {wrong} of {CHANNELS}; onnxruntime off by {other:.1g}")
    right.append(wrong == list(range(pictures, CHANNELS)) and other < 1e-3)
sys.exit(0 if all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
