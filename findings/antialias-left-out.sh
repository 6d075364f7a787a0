#!/usr/bin/env bash
# opencv-python-headless 5.0.0.93, MNN 3.6.1, onnx 1.22.0, onnxruntime 1.32.0: Resize with antialias=1 is computed without.
#
# Expected: since opset 18 Resize can average over what a pixel of the smaller picture covers, as Pillow and torchvision do
#   when a photo becomes a network's input. A runtime that cannot refuses the graph.
# Seen: both read the graph and give what antialias=0 gives, without an error: a face that is made a third of its size in
#   the graph comes out with jagged edges, and the network behind it sees another picture than in training.
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
x = np.random.default_rng(0).normal(size=(1, 3, 24, 24)).astype(np.float32)


def answers(antialias: int) -> dict[str, np.ndarray]:
    """What each makes of a picture that shall have a third of its side."""
    graph = helper.make_graph(
        [helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode="linear", antialias=antialias)],
        "smaller",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 8, 8])],
        [numpy_helper.from_array(np.array([1, 3, 8, 8]), "sizes")],
    )
    file, made = f"{place}/{antialias}.onnx", f"{place}/{antialias}.mnn"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), file)
    found = {"onnxruntime": onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]}
    network = cv2.dnn.readNetFromONNX(file)
    network.setInput(x, "x")
    found["OpenCV"] = network.forward()
    # what the command mnnconvert calls
    _tools.mnnconvert(["x", "-f", "ONNX", "--modelFile", file, "--MNNModel", made, "--bizCode", "x"])
    network = nn.load_module_from_file(made, ["x"], ["y"])
    y = network.forward([expr.const(x, list(x.shape), expr.NCHW, expr.float)])
    found["MNN"] = np.array(expr.convert(y[0] if isinstance(y, list) else y, expr.NCHW).read())
    return found


without, with_it = answers(0), answers(1)
right = []
for name in ("OpenCV", "MNN"):
    plain = float(np.abs(without[name] - without["onnxruntime"]).max())
    smooth = float(np.abs(with_it[name] - with_it["onnxruntime"]).max())
    alike = float(np.abs(with_it[name] - without[name]).max())
    print(f"{name}: beside onnxruntime {plain:.3f} without antialias, {smooth:.3f} with; its own two {alike:.3f} apart")
    right.append(plain < 1e-3 < 0.3 < smooth and alike == 0)
sys.exit(0 if all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" | grep beside
