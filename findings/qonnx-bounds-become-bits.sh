#!/usr/bin/env bash
# qonnx 1.0.0, onnx 1.23.2, onnxruntime 1.32.0: integers that are clipped to some range are let through in another.
#
# Expected: `QCDQToQuant` makes one Quant of QuantizeLinear, Clip and DequantizeLinear, with the same results; a Clip
#   whose bounds are not those of a number of bits, such as 0 to 127 of int8, a Relu, or 0 to 10, cannot be kept in a
#   Quant's number of bits and would have to stay.
# Seen: only how many integers there are from bound to bound is kept, as a number of bits, without a warning: int8 from
#   0 to 127 becomes 7 bits with a sign, -64 to 63, so that what was 0 is as low as -6.4 and what was up to 12.7 ends
#   at 6.3; uint8 from 0 to 10 becomes 0 to 15. With -8 to 7, -7 to 7 and 0 to 15 it is right.
# Source: qonnx/transformation/qcdq_to_qonnx.py, `extract_elem_type`, makes the logarithm of the number of integers the
#   bit width and does not compare the bounds with what it then stands for.
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


x = np.linspace(-20, 20, 401, dtype=np.float32)[None]
right, as_seen = [], []
for type_, low, high, low_seen, high_seen in (
    (np.int8, 0, 127, -64, 63),
    (np.int8, 0, 63, -32, 31),
    (np.uint8, 0, 10, 0, 15),
    (np.int8, -8, 7, -8, 7),
    (np.int8, -7, 7, -7, 7),
    (np.uint8, 0, 15, 0, 15),
):
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        helper.make_node("Clip", ["q", "low", "high"], ["c"]),
        helper.make_node("DequantizeLinear", ["c", "scale", "zero"], ["y"]),
    ]
    bounds = {"zero": np.array(0, type_), "low": np.array(low, type_), "high": np.array(high, type_)}
    before, after, kinds = run(nodes, {"scale": np.float32(0.1), **bounds}, x, [1, 401])
    whole = np.round(x / np.float32(0.1))
    if not np.allclose(before, np.clip(whole, low, high) * 0.1, atol=1e-4) or kinds != ["Quant"]:
        sys.exit(2)
    right.append(bool(np.allclose(after, before, atol=1e-4)))
    as_seen.append(bool(np.allclose(after, np.clip(whole, low_seen, high_seen) * 0.1, atol=1e-4)))
    print(f"{np.dtype(type_)} clipped to {low} to {high}, scale 0.1:", end=" ")
    print(f"from {before.min():.1f} to {before.max():.1f} before, from {after.min():.1f} to {after.max():.1f} after")
sys.exit(0 if right == [False] * 3 + [True] * 3 and all(as_seen) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
