#!/usr/bin/env bash
# openvino 2026.4.1, onnx 1.23.2, onnxruntime 1.32.0: ReduceLogSumExp along classes runs over all pictures as well.
#
# Expected: `logsumexp(logits, dim=1)`, a picture's energy score, is ReduceLogSumExp with `axes=[1]`. The axes are an
#   attribute until opset 17 and an input since 18; only ReduceSum has them as an input since 13. numpy and onnxruntime
#   give one number for each picture.
# Seen: of opset 13 to 17 it is one number for the whole batch, without an error, and with `keepdims=1` it is broadcast
#   like one for each picture: with `logits - logsumexp(logits)` the probabilities of a batch of four add up to 1 over
#   all four. ReduceL1 and ReduceLogSum are the same. Of opset 12 and 18, and for ReduceL2, it is right.
# Source: src/frontends/onnx/frontend/src/op/reduce.cpp of openvino looks for the axes of these three among the inputs
#   since opset 13, and takes all axes where there is none (github.com/openvinotoolkit/openvino/issues/38238 says so).
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
from onnx import TensorProto, checker, helper

x = np.random.default_rng(0).uniform(0.5, 4, size=(4, 7)).astype(np.float32)
by_hand = {
    "ReduceLogSumExp": lambda axis: np.log(np.exp(x).sum(axis, keepdims=True)),
    "ReduceLogSum": lambda axis: np.log(x.sum(axis, keepdims=True)),
    "ReduceL1": lambda axis: np.abs(x).sum(axis, keepdims=True),
    "ReduceL2": lambda axis: np.sqrt((x * x).sum(axis, keepdims=True)),
}


def run(kind: str, opset: int) -> tuple[np.ndarray, np.ndarray]:
    """`x - kind(x)` along classes by onnxruntime and by openvino."""
    as_input = opset >= 18
    told = {"keepdims": 1} if as_input else {"keepdims": 1, "axes": [1]}
    graph = helper.make_graph(
        [
            helper.make_node(kind, ["x", "axes"] if as_input else ["x"], ["whole"], **told),
            helper.make_node("Sub", ["x", "whole"], ["y"]),
        ],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 7])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 7])],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [1])] if as_input else [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    first = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    core = openvino.Core()
    network = core.compile_model(core.read_model(data, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return first, np.array(network({"x": x})["y"])


right, over_all = [], []
for kind, opset in (
    *[("ReduceLogSumExp", opset) for opset in (12, 13, 15, 17, 18)],
    *[(kind, opset) for kind in ("ReduceLogSum", "ReduceL1", "ReduceL2") for opset in (17, 18)],
):
    reference, found = run(kind, opset)
    if not np.allclose(reference, x - by_hand[kind](1), atol=1e-4):
        sys.exit(2)
    right.append(bool(np.allclose(found, reference, atol=1e-4)))
    over_all.append(found.shape == x.shape and bool(np.allclose(found, x - by_hand[kind](None), atol=1e-4)))
    row = ""
    if kind == "ReduceLogSumExp":
        sums = [np.exp(values).sum(1).round(3) for values in (reference, found)]
        row = f"; probabilities of each picture add up to {sums[0]} in onnxruntime, {sums[1]} in openvino"
    way = "right" if right[-1] else "over the whole batch" if over_all[-1] else "something else"
    print(f"{kind} of opset {opset}: {way}{row}")
expected = [True, False, False, False, True] + [False, True] * 2 + [True, True]
sys.exit(0 if right == expected and over_all == [not r for r in expected] else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" 2>/dev/null
