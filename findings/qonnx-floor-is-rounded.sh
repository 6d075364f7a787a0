#!/usr/bin/env bash
# qonnx 1.0.0, onnx 1.23.2, onnxruntime 1.32.0: a Quant that rounds down is converted to one that rounds to the nearest.
#
# Expected: `QuantToQCDQ` makes QuantizeLinear, Clip and DequantizeLinear of a Quant; "the rounding_mode attribute must
#   be ROUND", since QuantizeLinear knows no other, and a Quant that does not meet a condition stays as it is, as one
#   with a zero point other than 0 does.
# Seen: a Quant with FLOOR, CEIL or another mode is converted, too, without a warning: what was rounded down is rounded
#   to the nearest, so that about half of all values are a step larger; with a step of 1, 1.96 is 2 in place of 1. With
#   ROUND, or without the attribute, it is right.
# Source: qonnx/transformation/qonnx_to_qcdq.py: `is_valid_qcdq_transformation` asks for the mode, but the two patterns
#   name only `signed` and `narrow`, so that it is always told None, which it takes for ROUND.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet qonnx==1.0.0 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from onnx import TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.qonnx_to_qcdq import QuantToQCDQ

x = np.random.default_rng(0).uniform(-1, 2.9, size=(1, 400)).astype(np.float32)
x[0, :3] = 1.96, 0.67, -0.44
modes = {"ROUND": np.round, "FLOOR": np.floor, "CEIL": np.ceil, "DOWN": np.trunc}


def run(bits: int, step: float, zero: float, mode: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """By hand, before and after the conversion, and the nodes after it."""
    told = {"rounding_mode": mode} if mode else {}
    inputs = ["x", "step", "zero", "bits"]
    quant = helper.make_node("Quant", inputs, ["y"], domain="qonnx.custom_op.general", signed=1, narrow=0, **told)
    graph = helper.make_graph(
        [quant],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x.shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(x.shape))],
        [helper.make_tensor(n, TensorProto.FLOAT, [], [v]) for n, v in zip(inputs[1:], (step, zero, bits))],
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)]
    model = ModelWrapper(helper.make_model(graph, opset_imports=opsets, ir_version=8)).transform(InferShapes())
    after = model.transform(QuantToQCDQ()).transform(InferShapes())
    bounded = np.clip(x / np.float32(step) + zero, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    by_hand = (modes[mode or "ROUND"](bounded) - zero) * step
    results = [execute_onnx(m, {"x": x})["y"] for m in (model, after)]
    return by_hand, *results, [n.op_type for n in after.graph.node if n.op_type != "Constant"]


right, as_round, kept = [], [], []
for bits, step, zero, mode in (
    (8, 0.1, 0, "FLOOR"),
    (8, 0.1, 0, "CEIL"),
    (8, 0.1, 0, "DOWN"),
    (3, 1.0, 0, "FLOOR"),
    (8, 0.1, 0, "ROUND"),
    (3, 1.0, 0, None),
    (8, 0.1, 2, "FLOOR"),
):
    by_hand, before, after, kinds = run(bits, step, zero, mode)
    if not np.allclose(before, by_hand, atol=1e-5):
        sys.exit(2)
    right.append(bool(np.allclose(after, by_hand, atol=1e-5)))
    as_round.append(bool(np.allclose(after, run(bits, step, zero, "ROUND")[0], atol=1e-5)))
    kept.append("Quant" in kinds)
    share = np.mean(np.abs(after - before) > step / 2)
    name = f"{bits} bits, step {step}, zero point {zero}, {mode}"
    print(f"{name}: {' '.join(kinds)}; 1.96, 0.67, -0.44 were", end=" ")
    print(f"{before[0, :3].round(1)} and are {after[0, :3].round(1)}; {share:.0%} of all are another step")
expected = [False] * 4 + [True] * 3
sys.exit(0 if right == expected and as_round[:6] == [True] * 6 and kept == [False] * 6 + [True] else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
