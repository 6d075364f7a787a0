#!/usr/bin/env bash
# opencv-python-headless 5.0.0.93, onnx 1.22.0, onnxruntime 1.32.0: spatial attention leaves OpenCV's own order of channels
# in the answer.
#
# Expected: features of a convolution, times the sigmoid of another convolution's one channel, are features again,
#   `(1, 64, 12, 12)`, as onnxruntime makes them: what spatial attention (CBAM and its kin) does.
# Seen: the product is `(1, 8, 12, 12, 8)`, the order in which OpenCV computes, without an error; a pooling layer behind it
#   fails over the number of axes. A map for every channel, or one that was summed over its one channel, is right.
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
x = rng.normal(size=(1, 3, 12, 12)).astype(np.float32)


def found(channels: int, summed: bool) -> tuple[tuple[int, ...], bool]:
    """The shape of features times a map of so many channels, and whether they are what onnxruntime says."""
    weigh = [helper.make_node("Sigmoid", ["scores"], ["map"])]
    if summed:
        weigh = [
            helper.make_node("Sigmoid", ["scores"], ["whole"]),
            helper.make_node("ReduceSum", ["whole", "axes"], ["map"], keepdims=1),
        ]
    numbers = {
        "w": rng.normal(0, 0.2, size=(64, 3, 3, 3)).astype(np.float32),
        "v": rng.normal(0, 0.2, size=(channels, 64, 3, 3)).astype(np.float32),
    } | ({"axes": np.array([1])} if summed else {})
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["features"], pads=[1, 1, 1, 1]),
            helper.make_node("Conv", ["features", "v"], ["scores"], pads=[1, 1, 1, 1]),
            *weigh,
            helper.make_node("Mul", ["features", "map"], ["y"]),
        ],
        "attention",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 64, 12, 12])],
        [numpy_helper.from_array(values, name) for name, values in numbers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    expected = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
    network.setInput(x, "x")
    y = network.forward()
    return y.shape, y.shape == expected.shape and bool(np.allclose(y, expected, atol=1e-4))


one, every, summed = found(1, False), found(64, False), found(1, True)
print(f"a map of one channel: {one[0]}, as onnxruntime {one[1]}")
print(f"a map for every channel: {every[0]}, as onnxruntime {every[1]}")
print(f"a map that was summed over its channel: {summed[0]}, as onnxruntime {summed[1]}")
sys.exit(0 if (one[1], every[1], summed[1]) == (False, True, True) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
