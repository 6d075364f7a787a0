#!/usr/bin/env bash
# qonnx 1.0.0, onnx 1.23.2, onnxruntime 1.32.0: quantised weights with a zero point are taken as other weights.
#
# Expected: DequantizeLinear of weights is (integer - zero point) * scale, and `QCDQToQuant` puts the weights that it
#   stands for and a Quant in its place, with the same results. Weights of unsigned bytes have a zero point of about
#   128.
# Seen: the zero point is taken off in bytes, so that what is below zero wraps round, without a warning: with a zero
#   point of 128 and a scale of 0.02 a weight of -2.46 is 2.66, and after the Quant 2.54, the largest. All negative
#   weights are lost, and int8 with a zero point of 20 loses those below -108. With a zero point of 0 it is right.
# Source: qonnx/transformation/qcdq_to_qonnx.py, `QCDQToQuant.apply`, takes the zero point from the weights as they are
#   stored, and casts to float32 afterwards.
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
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.qcdq_to_qonnx import QCDQToQuant

generator = np.random.default_rng(0)


def run(nodes: list, tensors: dict, x: np.ndarray, size: list[int]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """What onnxruntime makes of a graph, what qonnx makes of it after the conversion, and its nodes then."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x.shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, size)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    after = ModelWrapper(model).transform(InferShapes()).transform(QCDQToQuant()).transform(InferShapes())
    kinds = [node.op_type for node in after.graph.node]
    return session.run(None, {"x": x})[0], execute_onnx(after, {"x": x})["y"], kinds


right, wrong = [], []
for type_, zero in ((np.uint8, 128), (np.uint8, 100), (np.int8, 20), (np.uint8, 0), (np.int8, 0)):
    low, high = np.iinfo(type_).min, np.iinfo(type_).max
    weights = generator.integers(low, high + 1, size=(4, 3)).astype(type_)
    weights[0, 0] = low + 5
    x = np.eye(4, dtype=np.float32)
    nodes = [
        helper.make_node("DequantizeLinear", ["weights", "scale", "zero"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    tensors = {"weights": weights, "scale": np.float32(0.02), "zero": np.array(zero, type_)}
    before, after, kinds = run(nodes, tensors, x, [4, 3])
    expected = (weights.astype(int) - zero) * 0.02
    if not np.allclose(before, expected, atol=1e-5) or kinds != ["Quant", "MatMul"]:
        sys.exit(2)
    right.append(bool(np.allclose(after, expected, atol=1e-5)))
    # wrapped, and held within what the Quant can give
    wrapped = (weights.astype(int) - zero - low) % 256 + low
    as_seen = (np.clip(wrapped + zero, low, high) - zero) * 0.02
    wrong.append(bool(np.allclose(after, as_seen, atol=1e-5)))
    below = int((expected < 0).sum())
    print(f"{np.dtype(type_)}, zero point {zero}: weights {expected[0].round(2)} become {after[0].round(2)};", end=" ")
    print(f"{below} of 12 are below zero, {int((after < 0).sum())} afterwards")
sys.exit(0 if right == [False] * 3 + [True] * 2 and all(wrong) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
