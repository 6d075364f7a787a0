#!/usr/bin/env bash
# tract 0.23.9, onnx 1.23.2, onnxruntime 1.32.0: a constant for each channel minus a convolution is computed with the
# convolution's sign unturned.
#
# Expected: `c - conv(x)`, as for the distance from a learned centre, is what numpy and onnxruntime make of it, with `c` one
#   number or one for each channel.
# Seen: with one number for each channel tract gives the convolution without its bias plus `c` minus the bias, without an
#   error: weights keep their sign. `c / conv(x)` is wrong as well. With a single number, for `conv(x) - c`, and for a
#   depthwise convolution it is right.
# Source: core/src/ops/cnn/conv/conv.rs of tract, `declutter_channel_arithmetic_succ`: where the convolution is the second
#   operand of a Sub, the bias is subtracted from the constant and the kernel is left as it is; of a Div, kernel and bias are
#   each divided into the constant, which is not the quotient of a sum.
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
from numpy.lib.stride_tricks import sliding_window_view
from onnx import TensorProto, helper, numpy_helper, save

file = sys.argv[1] + "/graph.onnx"
generator = np.random.default_rng(0)
x = generator.normal(size=(1, 6, 7, 7)).astype(np.float32)


def apart(operation: str, first: str, shape: tuple[int, ...], group: int = 1) -> tuple[float, float, float]:
    """How far tract and onnxruntime are from numpy, in shares of the largest value, and tract from what the header says."""
    weights = generator.normal(size=(6, 6 // group, 3, 3)).astype(np.float32)
    bias = generator.normal(size=6).astype(np.float32)
    constant = generator.normal(size=shape).astype(np.float32)
    operands = ["constant", "y"] if first == "constant" else ["y", "constant"]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "weights", "bias"], ["y"], group=group), helper.make_node(operation, operands, ["z"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 6, 7, 7])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 6, 5, 5])],
        [numpy_helper.from_array(a, n) for a, n in ((weights, "weights"), (bias, "bias"), (constant, "constant"))],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)
    views = sliding_window_view(x, (3, 3), axis=(2, 3)).reshape(1, group, 6 // group, 5, 5, 3, 3)
    kernels = weights.reshape(group, 6 // group, 6 // group, 3, 3)
    without = np.einsum("ngcijkl,gockl->ngoij", views, kernels).reshape(1, 6, 5, 5)
    maps = without + bias[:, None, None]
    one, other = (constant, maps) if first == "constant" else (maps, constant)
    expected = one - other if operation == "Sub" else one / other
    network = tract.onnx().load(file).into_model().into_runnable()
    found = network.run([x])[0].to_numpy()
    reference = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    said = without + constant - bias[:, None, None]
    size = np.abs(expected).max()
    return tuple(float(np.abs(a - b).max() / size) for a, b in ((found, expected), (reference, expected), (found, said)))


rows = {
    "a number for each channel minus the convolution": apart("Sub", "constant", (6, 1, 1)),
    "a number for each channel over the convolution": apart("Div", "constant", (6, 1, 1)),
    "one number minus the convolution": apart("Sub", "constant", (1,)),
    "the convolution minus a number for each channel": apart("Sub", "y", (6, 1, 1)),
    "a number for each channel minus a depthwise convolution": apart("Sub", "constant", (6, 1, 1), 6),
}
for name, (ours, theirs, _) in rows.items():
    print(f"{name}: tract {ours:.1e} off, onnxruntime {theirs:.1e}")
wrong = [ours > 0.1 for ours, _, _ in rows.values()]
right = max(theirs for _, theirs, _ in rows.values()) < 1e-3
sys.exit(0 if wrong == [True, True, False, False, False] and right and next(iter(rows.values()))[2] < 1e-5 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place"
