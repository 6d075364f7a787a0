#!/usr/bin/env bash
# onnxruntime 1.32.0, onnx 1.23.2: a Clip whose bounds are both above zero, or both below, is lost in a quantised graph.
#
# Expected: `clamp(conv(x), min=0.2)` is never below 0.2, as where something is divided by it, and the quantised graph answers
#   as the float graph does, to the two or three digits that bytes leave.
# Seen: the Clip is taken out in both formats and what was clipped to 0.2 comes out as anything down to 0, without a warning;
#   with an upper bound below zero it comes out as anything up to 0. With bounds on either side of zero or at it, as of a
#   Relu6, it is right, and so it is in QDQ format with `QDQKeepRemovableActivations`, which QOperator format does not read.
# Source: onnxruntime/quantization/operators/activation.py, `QuantizeClipRelu` and `QDQRemovableActivation`, take it out
#   because the bytes of its input were given its output's range; `compute_scale_zp` in quant_utils.py widens a range to
#   hold zero.
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


class Given(CalibrationDataReader):
    def __init__(self):
        self.batches = iter([{"x": x}])

    def get_next(self):
        return next(self.batches, None)


def apart(form: str, low: float, high: float, keep: bool) -> tuple[float, np.ndarray, bool]:
    """How far the quantised graph is from the float graph, what it answers, and whether it has the Clip."""
    given = {"weights": weights, "low": np.array(low, np.float32), "high": np.array(high, np.float32)}
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "weights"], ["h"], "conv"),
            helper.make_node("Clip", ["h", "low", "high"], ["y"], "clip"),
        ],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 6, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 8, 6, 6])],
        [numpy_helper.from_array(a, n) for n, a in given.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, before)
    quantize_static(
        before, after, Given(), quant_format=QuantFormat[form], extra_options={"QDQKeepRemovableActivations": keep}
    )
    found = []
    for file in (before, after):
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        found.append(session.run(None, {"x": x})[0])
    kept = any(node.op_type == "Clip" for node in load(after).graph.node)
    return float(np.abs(found[0] - found[1]).max()), found[1], kept


wrong, right = [], []
for form, low, high, keep in (
    ("QDQ", 0.2, 6, False),
    ("QOperator", 0.2, 6, False),
    ("QDQ", -6, -0.2, False),
    ("QOperator", -6, -0.2, False),
    ("QDQ", 0.2, 6, True),
    ("QDQ", 0, 6, False),
    ("QOperator", 0, 6, False),
    ("QOperator", -0.2, 0.6, False),
):
    far, answer, kept = apart(form, low, high, keep)
    print(
        f"{form}, Clip from {low:g} to {high:g}{', to be kept' if keep else ''}: {far:.3f} off, answers from "
        f"{answer.min():.2f} to {answer.max():.2f}, Clip {'kept' if kept else 'left out'}"
    )
    outside = answer.min() < low - 0.15 or answer.max() > high + 0.15
    wrong.append(far > 0.15 and outside and not kept)
    right.append(wrong[-1] or far < 0.06)
sys.exit(0 if wrong == [True] * 4 + [False] * 4 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null
