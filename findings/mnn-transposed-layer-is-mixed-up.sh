#!/usr/bin/env bash
# MNN 3.6.1, onnx 1.23.2, onnxruntime 1.32.0: a Gemm with transA=1 and constant weights puts its results in other
# places.
#
# Expected: Gemm with transA=1 is `x.T @ weights`, one row for each column of x, as of a layer over the channels of
#   `(channels, tokens)`: `(8, 3)` and weights of `(8, 7)` are three rows of seven logits, as numpy and onnxruntime
#   give them.
# Seen: the numbers are right, but lie as in the transposed result, `(7, 3)`, read as `(3, 7)`: a row has logits of all
#   three tokens, and the most likely class is another, without an error; what follows in the graph computes with that.
#   With one token, with weights that are an input, and with a Transpose in place of transA it is right.
# Source: tools/converter/source/optimizer/merge/ConvertMatMulToConv2D.cpp of MNN makes a convolution of it, over maps
#   of tokens x 1 for transA, and reshapes its `(1, outputs, tokens, 1)` to `(tokens, outputs)` as it is.
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

place, generator = sys.argv[1], np.random.default_rng(0)
x, weights = generator.normal(size=(8, 3)).astype(np.float32), generator.normal(size=(8, 7)).astype(np.float32)
one = x[:, :1].copy()
bias = generator.normal(size=7).astype(np.float32)


def make(name: str, x: np.ndarray, weights: np.ndarray, nodes: list, constant: bool = True) -> None:
    """Save a graph, what goes in, and what onnxruntime makes of it."""
    tokens = x.shape[1]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x.shape))]
    tensors, feed = [numpy_helper.from_array(bias, "bias")], {"x": x}
    if constant:
        tensors.append(numpy_helper.from_array(weights, "weights"))
    else:
        inputs.append(helper.make_tensor_value_info("weights", TensorProto.FLOAT, list(weights.shape)))
        feed["weights"] = weights
    result = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [tokens, 7])]
    graph = helper.make_graph(nodes, "graph", inputs, result, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model, full_check=True)
    onnx.save(model, f"{place}/{name}.onnx")
    session = onnxruntime.InferenceSession(f"{place}/{name}.onnx", providers=["CPUExecutionProvider"])
    np.savez(f"{place}/{name}.npz", y=session.run(None, feed)[0], **{f"in_{key}": value for key, value in feed.items()})


def gemm(first: str, result: str, **given: int) -> onnx.NodeProto:
    """A layer with a bias."""
    return helper.make_node("Gemm", [first, "weights", "bias"], [result], **given)


make("transA", x, weights, [gemm("x", "y", transA=1)])
make("transA, Softmax", x, weights, [gemm("x", "h", transA=1), helper.make_node("Softmax", ["h"], ["y"], axis=1)])
make("transA, one token", one, weights, [gemm("x", "y", transA=1)])
make("transA, weights as an input", x, weights, [gemm("x", "y", transA=1)], constant=False)
make("Transpose", x, weights, [helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0]), gemm("t", "y")])
np.savez(f"{place}/by_hand.npz", y=x.T @ weights + bias)
PYTHON
cat > "$place/try.py" <<'PYTHON'
import sys

import _tools
import MNN.expr as expr
import MNN.nn as nn
import numpy as np

place, right, mixed = sys.argv[1], [], []
by_hand = np.load(f"{place}/by_hand.npz")["y"]
for name in ("transA", "transA, Softmax", "transA, one token", "transA, weights as an input", "Transpose"):
    known = np.load(f"{place}/{name}.npz")
    feed = {key[3:]: known[key] for key in known.files if key != "y"}
    made = f"{place}/{name}.mnn"
    # what the command mnnconvert calls
    _tools.mnnconvert(["x", "-f", "ONNX", "--modelFile", f"{place}/{name}.onnx", "--MNNModel", made, "--bizCode", "x"])
    network = nn.load_module_from_file(made, list(feed), ["y"])
    found = network.forward([expr.const(x, list(x.shape), expr.NCHW, expr.float) for x in feed.values()])
    found = np.array((found[0] if isinstance(found, list) else found).read())
    expected = known["y"]
    if name in ("transA", "Transpose") and not np.allclose(expected, by_hand, atol=1e-4):
        sys.exit(2)
    right.append(found.shape == expected.shape and bool(np.allclose(found, expected, atol=1e-3)))
    if name == "transA":
        mixed = found.shape == expected.shape and np.allclose(found, expected.T.reshape(expected.shape), atol=1e-3)
    best = f"best classes {expected.argmax(1)} in onnxruntime, {found.argmax(1)} in MNN"
    print(f"{name}: onnxruntime and MNN up to {np.abs(found - expected).max():.3f} apart; {best}")
sys.exit(0 if right == [False, False, True, True, True] and mixed else 1)
PYTHON
"$place/env/bin/python" "$place/make.py" "$place"
"$place/env/bin/python" "$place/try.py" "$place" | grep onnxruntime
