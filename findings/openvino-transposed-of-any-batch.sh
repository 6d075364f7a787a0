#!/usr/bin/env bash
# openvino 2026.4.1, onnx 1.23.2, onnxruntime 1.32.0: a transposed convolution to a given size is moved by a pixel where
# the batch has no fixed size.
#
# Expected: ConvTranspose may name its `output_shape` in place of `pads`, as converted TensorFlow decoders do; half of
#   what is too much is cut off in front, and the odd pixel goes to the front. With SAME_UPPER or SAME_LOWER the picture
#   becomes as many times larger as the stride says. How many pictures there are has no part in that.
# Seen: with a batch of 1 or 4 in the graph openvino does it so. With "batch" in its place, as for most exported
#   networks, all that is too much is cut off at the end, so that the picture is moved to the lower right, and with
#   SAME_UPPER and SAME_LOWER nothing is: 5 pixels become 11 in place of 10. There is no error. With the pads written
#   out it is right for any batch.
# Source: src/frontends/onnx/frontend/src/op/conv_transpose.cpp of openvino works pads out from the sizes only where
#   the whole shape of the picture and of the weights is known, and otherwise goes on with those it has, which are zero.
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
from onnx import TensorProto, checker, helper, numpy_helper

generator = np.random.default_rng(0)
x = generator.normal(size=(4, 3, 5, 5)).astype(np.float32)
weights = generator.normal(size=(3, 2, 3, 3)).astype(np.float32)
whole = np.zeros((4, 2, 11, 11))
for i in range(5):
    for j in range(5):
        whole[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += np.einsum("nc,cdkl->ndkl", x[:, :, i, j], weights)


def run(given: dict, batch: str | int) -> tuple[np.ndarray, np.ndarray]:
    """Four pictures by onnxruntime and by openvino, one by one where the graph is of a batch of one."""
    graph = helper.make_graph(
        [helper.make_node("ConvTranspose", ["x", "weights"], ["y"], strides=[2, 2], **given)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, 5, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 2, None, None])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    core = openvino.Core()
    network = core.compile_model(core.read_model(data, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    step = 1 if batch == 1 else 4
    parts = [x[i : i + step] for i in range(0, 4, step)]
    return (
        np.concatenate([session.run(None, {"x": part})[0] for part in parts]),
        np.concatenate([np.array(network({"x": part})["y"]) for part in parts]),
    )


right, as_seen, wrong = [], [], []
for name, given, expected, otherwise in (
    ("output_shape 10 x 10", {"output_shape": [10, 10]}, whole[..., 1:, 1:], whole[..., :10, :10]),
    ("output_shape 9 x 9", {"output_shape": [9, 9]}, whole[..., 1:10, 1:10], whole[..., :9, :9]),
    ("auto_pad SAME_UPPER", {"auto_pad": "SAME_UPPER"}, whole[..., :10, :10], whole),
    ("auto_pad SAME_LOWER", {"auto_pad": "SAME_LOWER"}, whole[..., 1:, 1:], whole),
    ("pads 1, 1, 0, 0", {"pads": [1, 1, 0, 0]}, whole[..., 1:, 1:], whole[..., 1:, 1:]),
):
    for batch in (1, 4, "batch"):
        reference, found = run(given, batch)
        if reference.shape != expected.shape or not np.allclose(reference, expected, atol=1e-4):
            sys.exit(2)
        same = found.shape == expected.shape
        right.append(same and bool(np.allclose(found, expected, atol=1e-4)))
        as_seen.append(found.shape == otherwise.shape and bool(np.allclose(found, otherwise, atol=1e-4)))
        wrong.append(batch == "batch" and "pads" not in given)
        sizes = f"{reference.shape[2:]} in onnxruntime, {found.shape[2:]} in openvino"
        far = f"{np.abs(found - expected).max():.2f} apart" if same else "another size"
        print(f"{name}, batch {batch}: {sizes}, {far} (largest value {np.abs(expected).max():.2f})")
sys.exit(0 if right == [not w for w in wrong] and all(a for a, w in zip(as_seen, wrong) if w) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" 2>/dev/null
