#!/usr/bin/env bash
# openvino 2026.4.1, onnx 1.23.2, onnxruntime 1.32.0: a max pooling with ceil_mode and padding has a row and a column
# that no pixel is in.
#
# Expected: with ceil_mode=1 a last window may reach over the end, but "sliding windows that would start in the right
#   padded region are ignored" (ONNX), as torch does for `MaxPool2d(2, 2, padding=1, ceil_mode=True)`: 7 pixels give 4
#   in torch, onnxruntime and onnx's own shape inference.
# Seen: openvino gives 5, and the last row and column are -3.4e38, the lowest float32, since no pixel lies in those
#   windows, without an error; a global average behind it is -inf for every channel. Where the last window starts on a
#   pixel, and for an average pooling with the same windows, the size is right.
# Source: src/frontends/onnx/frontend/src/utils/convpool.cpp of openvino, `get_rounding_type`, takes ceil_mode for the
#   rounding "ceil", which counts such windows; "ceil_torch", which does not, is what its PyTorch frontend takes.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, checker, helper, shape_inference


def by_hand(x: np.ndarray, window: int, stride: int, pad: int) -> np.ndarray:
    """Largest pixel of each window that starts on a pixel or in the padding before it."""
    starts = [s for s in range(-pad, x.shape[2], stride) if s + window <= x.shape[2] + pad + stride - 1]
    spans = [slice(max(s, 0), s + window) for s in starts]
    return np.stack([np.stack([x[..., a, b].max((2, 3)) for b in spans], -1) for a in spans], -2)


def run(kind: str, pixels: int, window: int, stride: int, pad: int, mean: bool):
    """What goes in, the sizes that onnx infers, and what onnxruntime and openvino make of it."""
    given = {"kernel_shape": [window] * 2, "strides": [stride] * 2, "pads": [pad] * 4, "ceil_mode": 1}
    nodes = [helper.make_node(kind, ["x"], ["h" if mean else "y"], **given)]
    if mean:
        nodes.append(helper.make_node("GlobalAveragePool", ["h"], ["y"]))
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, pixels, pixels])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3, None, None])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    checker.check_model(model, full_check=True)
    inferred = shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape.dim[2].dim_value
    data = model.SerializeToString()
    x = np.random.default_rng(pixels).normal(size=(2, 3, pixels, pixels)).astype(np.float32)
    first = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    core = openvino.Core()
    network = core.compile_model(core.read_model(data, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return x, inferred, first, np.array(network({"x": x})["y"])


wrong, right = [], []
cases = ((7, 2, 2, 1), (8, 3, 3, 1), (10, 4, 3, 2), (8, 2, 2, 1), (8, 3, 2, 1), (7, 3, 2, 0))
for pixels, window, stride, pad in cases:
    x, inferred, first, found = run("MaxPool", pixels, window, stride, pad, False)
    expected = by_hand(x, window, stride, pad)
    size = expected.shape[2]
    if first.shape != expected.shape or inferred != size or not np.allclose(first, expected):
        sys.exit(2)
    kept = bool(np.allclose(found[..., :size, :size], expected, atol=1e-5))
    lost = bool((found[..., size:, :] < -3e38).all() and (found[..., size:] < -3e38).all())
    wrong.append(found.shape[2:] == (size + 1, size + 1) and lost)
    right.append(kept and (wrong[-1] or found.shape == expected.shape))
    count = int((found[0, 0] < -3e38).sum())
    what = f"{window} x {window}, stride {stride}, padding {pad}"
    row = f"{size} by the rule, {found.shape[2]} in openvino, least value {found.min():.3g} ({count} below -3e38)"
    print(f"{pixels} pixels, windows {what}: {row}")
_, _, first, found = run("MaxPool", 7, 2, 2, 1, True)
print(f"global average behind it: {first[0].ravel().round(3)} in onnxruntime, {found[0].ravel()} in openvino")
wrong.append(bool(np.isfinite(first).all() and np.isneginf(found).all()))
_, _, first, found = run("AveragePool", 7, 2, 2, 1, False)
print(f"AveragePool with windows of 2, stride 2, padding 1: {first.shape[2]} and {found.shape[2]}")
right.append(first.shape == found.shape and bool(np.allclose(first, found, atol=1e-5)))
sys.exit(0 if wrong == [True] * 3 + [False] * 3 + [True] and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" 2>/dev/null
