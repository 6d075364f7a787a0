#!/usr/bin/env bash
# onnxruntime 1.32.0, onnx 1.23.2: a Relu is left out of a quantised graph where its input is read elsewhere, too.
#
# Expected: `h = conv(x)` and `relu(h)` are both used, as in a block that adds or joins them, and the quantised graph answers
#   as the float graph does, to the two or three digits that bytes leave.
# Seen: in QOperator format `relu(h)` is `h`, with all that is negative, without a warning; a Clip goes the same way. Where
#   nothing else reads h, and in QDQ format, it is right.
# Source: onnxruntime/quantization/operators/activation.py, `QuantizeClipRelu`, takes a Relu out because its output's range was
#   given to its input; `adjust_tensor_ranges` in base_quantizer.py does that only for an input with a single reader.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy
cat > "$place/try.py" <<'PYTHON'
import logging
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, load, numpy_helper, save
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

logging.disable(logging.CRITICAL)
before, after = sys.argv[1] + "/before.onnx", sys.argv[1] + "/after.onnx"
generator = np.random.default_rng(0)
x = generator.normal(size=(2, 6, 8, 8)).astype(np.float32)
weights = (generator.normal(size=(8, 6, 3, 3)) / 7).astype(np.float32)
scalars = {"low": np.array(0, np.float32), "high": np.array(1, np.float32)}


class Given(CalibrationDataReader):
    def __init__(self):
        self.batches = iter([{"x": x}])

    def get_next(self):
        return next(self.batches, None)


def apart(form: str, activation: str, joined: str | None) -> tuple[float, bool]:
    """How far the quantised graph is from the float graph, in shares of the largest value, and whether it has the activation."""
    more = ["low", "high"] if activation == "Clip" else []
    nodes = [
        helper.make_node("Conv", ["x", "weights"], ["h"], "conv"),
        helper.make_node(activation, ["h", *more], ["r" if joined else "y"], "activation"),
    ]
    if joined:
        given = {"axis": 1} if joined == "Concat" else {}
        nodes.append(helper.make_node(joined, ["h", "r"], ["y"], "join", **given))
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 6, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 16 if joined == "Concat" else 8, 6, 6])],
        [numpy_helper.from_array(a, n) for n, a in ({"weights": weights} | scalars).items() if n in ["weights", *more]],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, before)
    quantize_static(before, after, Given(), quant_format=QuantFormat[form])
    found = []
    for file in (before, after):
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        found.append(session.run(None, {"x": x})[0])
    kept = any(node.op_type == activation for node in load(after).graph.node)
    return float(np.abs(found[0] - found[1]).max() / np.abs(found[0]).max()), kept


wrong, right = [], []
for form, activation, joined in (
    ("QOperator", "Relu", "Concat"),
    ("QOperator", "Relu", "Add"),
    ("QOperator", "Clip", "Concat"),
    ("QOperator", "Relu", None),
    ("QDQ", "Relu", "Concat"),
    ("QDQ", "Clip", "Concat"),
):
    far, kept = apart(form, activation, joined)
    what = f"joined with its input by {joined}" if joined else "alone"
    print(f"{form}, {activation} {what}: {far:.1e} off, {activation} {'kept' if kept else 'left out'}")
    wrong.append(far > 0.2 and not kept)
    right.append(wrong[-1] or far < 0.05)
sys.exit(0 if wrong == [True] * 3 + [False] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null
