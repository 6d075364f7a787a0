#!/usr/bin/env bash
# opencv-python-headless 5.0.0.93, MNN 3.6.1, onnx 1.22.0, onnxruntime 1.32.0: PRelu takes the slopes of another axis.
#
# Expected: a slope per value of the last axis, `(6,)` for tokens `(2, 5, 6)`, is broadcast like every other operand
#   (ONNX: unidirectionally, aligned at the end), as onnxruntime does.
# Seen: both read it as slopes of axis 1, of which there are five, not six, and give other numbers for whatever is
#   negative, without an error. A slope per channel of a picture, `(6, 1, 1)`, is right.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet opencv-python-headless==5.0.0.93 MNN==3.6.1 onnx==1.22.0 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import _tools
import cv2
import MNN.expr as expr
import MNN.nn as nn
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, save

place = sys.argv[1]
slopes = np.linspace(0.1, 2, 6, dtype=np.float32)


def apart(name: str, sizes: tuple[int, ...], shape: tuple[int, ...]) -> dict[str, float]:
    """How far each is from what the definition gives."""
    x, slope = np.random.default_rng(0).normal(size=sizes).astype(np.float32), slopes.reshape(shape)
    graph = helper.make_graph(
        [helper.make_node("PRelu", ["x", "slope"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, sizes)],
        [numpy_helper.from_array(slope, "slope")],
    )
    file, made = f"{place}/{name}.onnx", f"{place}/{name}.mnn"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)
    expected = np.where(x < 0, x * slope, x)
    found = {"onnxruntime": onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]}
    network = cv2.dnn.readNetFromONNX(file)
    network.setInput(x, "x")
    found["OpenCV"] = network.forward()
    # what the command mnnconvert calls
    _tools.mnnconvert(["x", "-f", "ONNX", "--modelFile", file, "--MNNModel", made, "--bizCode", "x"])
    network = nn.load_module_from_file(made, ["x"], ["y"])
    y = network.forward([expr.const(x, list(x.shape), expr.NCHW, expr.float)])
    found["MNN"] = np.array(expr.convert(y[0] if isinstance(y, list) else y, expr.NCHW).read())
    return {name: float(np.abs(one.reshape(sizes) - expected).max()) for name, one in found.items()}


tokens = apart("tokens", (2, 5, 6), (6,))
picture = apart("picture", (2, 6, 4, 4), (6, 1, 1))
for name in tokens:
    print(f"{name}: off by {tokens[name]:.3f} for tokens, by {picture[name]:.3f} for pictures")
right = max(*picture.values(), tokens["onnxruntime"]) < 1e-3 < 0.1 < min(tokens["OpenCV"], tokens["MNN"])
sys.exit(0 if right else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" | grep "off by"
