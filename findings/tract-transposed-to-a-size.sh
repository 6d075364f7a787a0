#!/usr/bin/env bash
# tract 0.23.9, onnx 1.23.2, onnxruntime 1.32.0: a transposed convolution to a given size is moved by a pixel.
#
# Expected: ConvTranspose may name its `output_shape` in place of `pads`, as converted TensorFlow decoders do; pads then follow
#   from it, half of them in front, and the odd one goes to the front unless auto_pad is SAME_UPPER.
# Seen: where the size is smaller than that of the whole transposed convolution, so that there is something to cut off, tract
#   cuts all of it off at the end, without an error: the picture has the size that was asked for and is moved to the lower
#   right. Where nothing is to be cut off, or with the same pads written out, it is right.
# Source: onnx/src/ops/nn/conv_transpose.rs of tract works out what to add at the end (`adjustments` in
#   core/src/ops/cnn/deconv/mod.rs) and leaves the padding as it was; what is to be added is below zero here.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet tract==0.23.9 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import tract
from onnx import TensorProto, checker, helper, numpy_helper, save

file = sys.argv[1] + "/graph.onnx"
generator = np.random.default_rng(0)
x = generator.normal(size=(1, 3, 8, 8)).astype(np.float32)


def apart(kernel: int, size: int, written: bool) -> tuple[float, float, float]:
    """How far tract and onnxruntime are from numpy, and tract from the whole that is cut off at the end."""
    weights = generator.normal(size=(3, 4, kernel, kernel)).astype(np.float32)
    whole = np.zeros((1, 4, 14 + kernel, 14 + kernel), np.float32)
    for i in range(8):
        for j in range(8):
            whole[:, :, 2 * i : 2 * i + kernel, 2 * j : 2 * j + kernel] += np.einsum("nc,cokl->nokl", x[:, :, i, j], weights)
    whole = np.pad(whole, ((0, 0), (0, 0), (0, 2), (0, 2)))
    cut = max(14 + kernel - size, 0)
    front = cut - cut // 2
    expected, said = whole[:, :, front : front + size, front : front + size], whole[:, :, :size, :size]
    given = {"pads": [front, front, cut // 2, cut // 2]} if written else {"output_shape": [size, size]}
    graph = helper.make_graph(
        [helper.make_node("ConvTranspose", ["x", "weights"], ["y"], strides=[2, 2], **given)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, size, size])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, file)
    ours = tract.onnx().load(file).into_model().into_runnable().run([x])[0].to_numpy()
    theirs = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    return tuple(float(np.abs(one - other).max()) for one, other in ((ours, expected), (theirs, expected), (ours, said)))


wrong, right = [], []
for kernel, size, written in ((3, 16, False), (4, 16, False), (5, 16, False), (2, 16, False), (3, 18, False), (4, 16, True)):
    ours, theirs, said = apart(kernel, size, written)
    how = "pads" if written else "output_shape"
    print(f"kernel {kernel}, {how}, {size} pixels: tract {ours:.1e} off, onnxruntime {theirs:.1e}, cut off at the end {said:.1e}")
    wrong.append(ours > 1 and said < 1e-4)
    right.append(theirs < 1e-4 and (wrong[-1] or ours < 1e-4))
sys.exit(0 if wrong == [True] * 3 + [False] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place"
