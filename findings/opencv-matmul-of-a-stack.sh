#!/usr/bin/env bash
# opencv-python-headless 5.0.0.93, onnx 1.22.0, onnxruntime 1.32.0: a stack of constant matrices is multiplied with the
# wrong parts of a batch.
#
# Expected: MatMul broadcasts as numpy does. `(N, heads, tokens, d)` with weights `(1, heads, d, e)`, a matrix per head,
#   gives every picture the same products, whether the weights are constants of the graph or an input.
# Seen: with one picture it is right. With two both are wrong, without an error, in both of OpenCV's engines. With the
#   same numbers as an input of the graph they are right.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet opencv-python-headless==5.0.0.93 onnx==1.22.0 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(0)
tokens = rng.normal(size=(2, 3, 5, 6)).astype(np.float32)
weights = rng.normal(size=(1, 3, 6, 4)).astype(np.float32)


def graph(pictures: int, constant: bool) -> bytes:
    inputs = [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [pictures, 3, 5, 6])]
    if not constant:
        inputs.append(helper.make_tensor_value_info("weights", TensorProto.FLOAT, weights.shape))
    made = helper.make_graph(
        [helper.make_node("MatMul", ["tokens", "weights"], ["y"])],
        "heads",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [pictures, 3, 5, 4])],
        [numpy_helper.from_array(weights, "weights")] if constant else [],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def apart(pictures: int, constant: bool, engine: int) -> list[float]:
    """The largest difference from onnxruntime, by picture."""
    model = graph(pictures, constant)
    given = {"tokens": tokens[:pictures]} | ({} if constant else {"weights": weights})
    expected = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, given)[0]
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8), engine=engine)
    for name, values in given.items():
        network.setInput(values, name)
    return np.abs(network.forward() - expected).max(axis=(1, 2, 3)).round(4).tolist()


right = []
for name, engine in (("classic", cv2.dnn.ENGINE_CLASSIC), ("new", cv2.dnn.ENGINE_NEW)):
    one, two, as_input = apart(1, True, engine), apart(2, True, engine), apart(2, False, engine)
    print(f"{name} engine: one picture {one}, two {two}, two with the weights as an input {as_input}")
    right.append(max(*one, *as_input) < 1e-3 < 0.1 < min(two))
sys.exit(0 if all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
