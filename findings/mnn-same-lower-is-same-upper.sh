#!/usr/bin/env bash
# MNN 3.6.1, onnx 1.23.2, onnxruntime 1.32.0: auto_pad SAME_LOWER is computed as SAME_UPPER.
#
# Expected: where an odd number of pixels is to be padded, SAME_UPPER puts the odd one at the end and SAME_LOWER at the
#   beginning. A 3 x 3 convolution with stride 2 over 8 pixels is centred on pixels 0, 2, 4, 6 with SAME_LOWER and on
#   1, 3, 5, 7 with SAME_UPPER, as numpy and onnxruntime compute it.
# Seen: both are what SAME_UPPER is, without an error, so that every map is moved by a pixel; max and average poolings
#   are the same. Where an even number is to be padded, and with the same pads written out, the convolution is right.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet MNN==3.6.1 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/make.py" <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper

place = sys.argv[1]
# every pixel is ten times its row and once its column, and the kernel takes the one in the middle
x = (10 * np.arange(8)[:, None] + np.arange(8)).astype(np.float32)[None, None]
np.save(f"{place}/x.npy", x)
kernel = np.zeros((1, 1, 3, 3), np.float32)
kernel[..., 1, 1] = 1
lower, upper = {"auto_pad": "SAME_LOWER"}, {"auto_pad": "SAME_UPPER"}
for name, kind, given in (
    ("Conv, SAME_UPPER", "Conv", {"strides": [2, 2], **upper}),
    ("Conv, SAME_LOWER", "Conv", {"strides": [2, 2], **lower}),
    ("MaxPool, SAME_LOWER", "MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], **lower}),
    ("AveragePool, SAME_LOWER", "AveragePool", {"kernel_shape": [3, 3], "strides": [2, 2], **lower}),
    ("Conv, pads 1 1 0 0", "Conv", {"strides": [2, 2], "pads": [1, 1, 0, 0]}),
    ("Conv, SAME_LOWER, stride 1", "Conv", {"strides": [1, 1], **lower}),
):
    results = {}
    for pad in (None, "SAME_UPPER"):
        told = given | ({"auto_pad": pad} if pad and "pads" not in given else {})
        graph = helper.make_graph(
            [helper.make_node(kind, ["x", "kernel"] if kind == "Conv" else ["x"], ["y"], **told)],
            "graph",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x.shape))],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None, None])],
            [numpy_helper.from_array(kernel, "kernel")] if kind == "Conv" else [],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        results["upper" if pad else "y"] = session.run(None, {"x": x})[0]
        if not pad:
            onnx.save(model, f"{place}/{name}.onnx")
    if name == "Conv, SAME_LOWER" and not np.array_equal(results["y"], x[..., ::2, ::2]):
        sys.exit(2)
    np.savez(f"{place}/{name}.npz", **results)
PYTHON
cat > "$place/try.py" <<'PYTHON'
import sys

import _tools
import MNN.expr as expr
import MNN.nn as nn
import numpy as np

place, right, as_upper = sys.argv[1], [], []
x = np.load(f"{place}/x.npy")
wrong = ("Conv, SAME_LOWER", "MaxPool, SAME_LOWER", "AveragePool, SAME_LOWER")
for name in ("Conv, SAME_UPPER", *wrong, "Conv, pads 1 1 0 0", "Conv, SAME_LOWER, stride 1"):
    known = np.load(f"{place}/{name}.npz")
    made = f"{place}/{name}.mnn"
    # what the command mnnconvert calls
    _tools.mnnconvert(["x", "-f", "ONNX", "--modelFile", f"{place}/{name}.onnx", "--MNNModel", made, "--bizCode", "x"])
    network = nn.load_module_from_file(made, ["x"], ["y"])
    found = network.forward([expr.const(x, list(x.shape), expr.NCHW, expr.float)])
    found = expr.convert(found[0] if isinstance(found, list) else found, expr.NCHW)
    found = np.array(found.read())
    right.append(found.shape == known["y"].shape and bool(np.allclose(found, known["y"], atol=1e-3)))
    as_upper.append(found.shape == known["upper"].shape and bool(np.allclose(found, known["upper"], atol=1e-3)))
    rows = [values[0, 0, 1, :4].round(1) for values in (known["y"], found)]
    print(f"{name}: second row {rows[0]} in onnxruntime, {rows[1]} in MNN")
sys.exit(0 if right == [True] + [False] * 3 + [True] * 2 and all(as_upper[1:4]) else 1)
PYTHON
"$place/env/bin/python" "$place/make.py" "$place"
"$place/env/bin/python" "$place/try.py" "$place" | grep onnxruntime
