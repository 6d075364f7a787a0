#!/usr/bin/env bash
# qonnx 1.0.0, onnx 1.23.2, onnxruntime 1.32.0: a convolution with DepthToSpace that becomes a transposed convolution
# takes each pixel from another channel.
#
# Expected: `SubPixelToDeconvolution` puts one transposed convolution in place of a convolution and a DepthToSpace, with
#   the same results; what it cannot do, such as a bias, it leaves as it is, with a warning. DepthToSpace has two orders
#   of channels: CRD, as torch's PixelShuffle, and DCR, which is the default and what TensorFlow's depth_to_space is.
# Seen: DCR is computed as CRD, without a warning or an error: the picture has the right shape, and the values of its
#   channels and pixels are mixed up. With CRD, and where there is a single channel in the end, it is right.
# Source: qonnx/transformation/subpixel_to_deconv.py reads `blocksize` of the DepthToSpace and not `mode`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet qonnx==1.0.0 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.subpixel_to_deconv import SubPixelToDeconvolution

generator = np.random.default_rng(0)
x = generator.normal(size=(1, 3, 4, 6)).astype(np.float32)


def by_hand(maps: np.ndarray, order: str) -> np.ndarray:
    """Blocks of 2 x 2 pixels from channels."""
    n, c, h, w = maps.shape
    if order == "DCR":
        blocks = maps.reshape(n, 2, 2, c // 4, h, w).transpose(0, 3, 4, 1, 5, 2)
    else:
        blocks = maps.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3)
    return blocks.reshape(n, c // 4, 2 * h, 2 * w)


def run(model) -> np.ndarray:
    """What onnxruntime makes of it."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def try_it(channels: int, window: int, given: dict) -> tuple[bool, bool]:
    """Whether what has become of the nodes is what they compute, and whether it is that of the other order."""
    weights = generator.normal(size=(4 * channels, 3, window, window)).astype(np.float32)
    same = {"kernel_shape": [window] * 2, "pads": [window // 2] * 4, "strides": [1, 1], "group": 1}
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "weights"], ["h"], dilations=[1, 1], **same),
            helper.make_node("DepthToSpace", ["h"], ["y"], blocksize=2, **given),
        ],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x.shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, channels, 8, 12])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model, full_check=True)
    padded = np.pad(x, ((0, 0), (0, 0), *[(window // 2,) * 2] * 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (window, window), (2, 3))
    maps = np.einsum("nchwij,dcij->ndhw", windows, weights)
    order = given.get("mode", "DCR")
    expected, other = by_hand(maps, order), by_hand(maps, "DCR" if order == "CRD" else "CRD")
    before = run(model)
    after_model = ModelWrapper(model).transform(InferShapes()).transform(SubPixelToDeconvolution()).model
    after = run(after_model)
    kinds = [node.op_type for node in after_model.graph.node]
    far = np.abs(after - before).max()
    name = f"{channels} channels, {window} x {window}, {'mode ' + order if given else 'default mode'}"
    print(f"{name}: {' '.join(kinds)}, {far:.3f} apart of {np.abs(before).max():.3f}")
    if not np.allclose(before, expected, atol=1e-4) or kinds != ["ConvTranspose"]:
        sys.exit(2)
    return bool(np.allclose(after, expected, atol=1e-4)), bool(np.allclose(after, other, atol=1e-4))


found = [
    try_it(3, 3, {"mode": "DCR"}),
    try_it(2, 1, {}),
    try_it(3, 3, {"mode": "CRD"}),
    try_it(2, 1, {"mode": "CRD"}),
    try_it(1, 3, {}),
]
expected = [(False, True)] * 2 + [(True, False)] * 2 + [(True, True)]
sys.exit(0 if found == expected else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
