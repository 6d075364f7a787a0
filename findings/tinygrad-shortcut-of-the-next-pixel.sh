#!/usr/bin/env bash
# tinygrad 0.14.0, onnx 1.23.2, onnxruntime 1.32.0: a 1 x 1 convolution with stride 2 and SAME_UPPER takes the pixels
# beside those of the other branch.
#
# Expected: the shortcut of a residual block that halves its maps is a 1 x 1 convolution with stride 2, in graphs from
#   TensorFlow with `auto_pad="SAME_UPPER"`. There is nothing to be padded, and it takes pixels 0, 2, 4 of every row, as
#   TensorFlow and onnxruntime do, and as the same convolution does with SAME_LOWER, VALID or pads of 0.
# Seen: for an even number of pixels it takes 1, 3, 5, in rows and columns, without an error: the shortcut is a pixel to
#   the lower right of what it is added to. For an odd number, and for a 3 x 3 convolution, it is right.
# Source: tinygrad/nn/onnx.py, `_resolve_pool_pads`, works out (output - 1) * stride + kernel - input, which is -1 here
#   and is not held at 0; `_auto_pad` puts the half of it, rounded down, in front, and a pad of -1 cuts off a pixel.
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
from onnx import TensorProto, checker, helper, numpy_helper, save
from tinygrad.nn.onnx import OnnxRunner


def run(pixels: int, window: int, given: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A convolution of two channels with stride 2: what goes in, and what onnxruntime and tinygrad make of it."""
    # every pixel is ten times its row and once its column; the second channel is the negative
    row = (10 * np.arange(pixels)[:, None] + np.arange(pixels)).astype(np.float32)
    x = np.stack([row, -row])[None]
    weights = np.zeros((2, 2, window, window), np.float32)
    weights[[0, 1], [0, 1], window // 2, window // 2] = 1
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "weights"], ["y"], strides=[2, 2], **given)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2, pixels, pixels])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2, None, None])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    file = tempfile.mkdtemp(dir=sys.argv[1]) + "/model.onnx"
    save(model, file)
    first = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    return x, first, OnnxRunner(file)({"x": x})["y"].numpy()


right, next_pixel = [], []
for pixels, window, given in (
    (8, 1, {"auto_pad": "SAME_UPPER"}),
    (6, 1, {"auto_pad": "SAME_UPPER"}),
    (7, 1, {"auto_pad": "SAME_UPPER"}),
    (8, 1, {"auto_pad": "SAME_LOWER"}),
    (8, 1, {"auto_pad": "VALID"}),
    (8, 1, {"pads": [0, 0, 0, 0]}),
    (8, 3, {"auto_pad": "SAME_UPPER"}),
):
    x, reference, found = run(pixels, window, given)
    start = 1 if window == 3 else 0
    if not np.array_equal(reference, x[:, :, start::2, start::2]):
        sys.exit(2)
    right.append(np.array_equal(found, reference))
    next_pixel.append(np.array_equal(found, x[:, :, 1::2, 1::2]))
    way = ", ".join(f"{key}={value}" for key, value in given.items())
    print(f"{pixels} pixels, {window} x {window}, {way}:", end=" ")
    print(f"first row {reference[0, 0, 0].astype(int)} in onnxruntime, {found[0, 0, 0].astype(int)} in tinygrad")
sys.exit(0 if right == [False] * 2 + [True] * 5 and next_pixel[:2] == [True] * 2 else 1)
PYTHON
DEV=PYTHON "$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null
