#!/usr/bin/env bash
# tinygrad 0.14.0, onnx 1.23.2, onnxruntime 1.32.0: two new axes that are counted from the end are put elsewhere.
#
# Expected: axes of Unsqueeze count in the result: [-2, -1] of `(N, C)` is `(N, C, 1, 1)`, so that a weight for each
#   channel, as of squeeze and excitation, multiplies the channel's map, as numpy.expand_dims and onnxruntime do it.
# Seen: it is `(N, 1, C, 1)`, without an error. With as many channels as rows the product has the right shape, and each
#   row is multiplied with the weight of the channel of its number; otherwise the shapes do not fit. With the axes 2
#   and 3, and with two Unsqueeze nodes, it is right.
# Source: tinygrad/nn/onnx.py, `Unsqueeze`, puts the axes in one after the other, and counts each from the end that the
#   tensor has at that time.
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

generator = np.random.default_rng(0)
weights = generator.uniform(size=(1, 4)).astype(np.float32)


def run(axes: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maps, and maps times weights with new axes, by onnxruntime and by tinygrad."""
    maps = generator.uniform(1, 2, size=(1, 4, 4, 5)).astype(np.float32)
    nodes, name = [], "weights"
    for i, given in enumerate(axes):
        nodes.append(helper.make_node("Unsqueeze", [name, f"axes_{i}"], [f"w_{i}"]))
        name = f"w_{i}"
    graph = helper.make_graph(
        [*nodes, helper.make_node("Mul", ["maps", name], ["y"])],
        "graph",
        [
            helper.make_tensor_value_info("maps", TensorProto.FLOAT, [1, 4, 4, 5]),
            helper.make_tensor_value_info("weights", TensorProto.FLOAT, [1, 4]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 4, 5])],
        [helper.make_tensor(f"axes_{i}", TensorProto.INT64, [len(a)], a) for i, a in enumerate(axes)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    file = tempfile.mkdtemp(dir=sys.argv[1]) + "/model.onnx"
    save(model, file)
    inputs = {"maps": maps, "weights": weights}
    first = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, inputs)[0]
    return maps, first, OnnxRunner(file)(inputs)["y"].numpy()


right, rows = [], []
for name, axes in (
    ("axes [-2, -1]", [[-2, -1]]),
    ("axes [2, 3]", [[2, 3]]),
    ("axis -1, twice", [[-1], [-1]]),
):
    maps, reference, found = run(axes)
    if not np.allclose(reference, maps * np.expand_dims(weights, (-2, -1))):
        sys.exit(2)
    right.append(found.shape == reference.shape and bool(np.allclose(found, reference)))
    rows.append(found.shape == reference.shape and bool(np.allclose(found, maps * weights.reshape(1, 1, 4, 1))))
    factors = [(values / maps)[0, 0, :, 0].round(2) for values in (reference, found)]
    print(f"{name}: rows of channel 0 are multiplied with {factors[0]} in onnxruntime, {factors[1]} in tinygrad")
sys.exit(0 if right == [False, True, True] and rows == [True, False, False] else 1)
PYTHON
DEV=PYTHON "$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null
