#!/usr/bin/env bash
# onnxruntime 1.32.0, onnx 1.23.2: a bias that two convolutions have in common is quantised for the first of them.
#
# Expected: one head that looks at maps of two sizes is two Conv nodes with the same initializers, and the quantised graph
#   answers as the float graph does, to the two or three digits that bytes leave.
# Seen: in QOperator format the second convolution gets the first one's integers, although an integer stands for another
#   number there: where its maps are twenty times as large, so is its bias, without a warning. With a second copy of the
#   same numbers, and in QDQ format, both are right.
# Source: onnxruntime/quantization/onnx_quantizer.py, `quantize_bias_static`: a name that was met before is returned as it is;
#   the scale of a bias is that of the input times that of the weights, and the input is another one (an old correction is open:
#   github.com/microsoft/onnxruntime/pull/7982).
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
from onnx import TensorProto, checker, helper, numpy_helper, save
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

logging.disable(logging.CRITICAL)
before, after = sys.argv[1] + "/before.onnx", sys.argv[1] + "/after.onnx"
generator = np.random.default_rng(0)
fine = generator.normal(size=(2, 6, 8, 8)).astype(np.float32)
weights = (generator.normal(size=(7, 6, 3, 3)) / 7).astype(np.float32)
bias = (3 * generator.normal(size=7)).astype(np.float32)


class Given(CalibrationDataReader):
    def __init__(self, batch):
        self.batches = iter([batch])

    def get_next(self):
        return next(self.batches, None)


def apart(form: str, times: float, copies: int) -> list[float]:
    """How far the two quantised answers are from the float ones, in shares of the largest value."""
    names = ["bias", "copy"][:copies]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["fine", "weights", names[0]], ["y"], "first"),
            helper.make_node("Conv", ["coarse", "weights", names[-1]], ["z"], "second"),
        ],
        "graph",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 6, s, s]) for n, s in (("fine", 8), ("coarse", 4))],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 7, s, s]) for n, s in (("y", 6), ("z", 2))],
        [numpy_helper.from_array(weights, "weights"), *(numpy_helper.from_array(bias, name) for name in names)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, before)
    batch, found = {"fine": fine, "coarse": times * fine[:, :, :4, :4]}, []
    quantize_static(before, after, Given(batch), quant_format=QuantFormat[form])
    for file in (before, after):
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        found.append(session.run(None, batch))
    return [float(np.abs(a - b).max() / np.abs(a).max()) for a, b in zip(*found, strict=True)]


wrong, right = [], []
for form, times, copies in (
    ("QOperator", 20, 1),
    ("QOperator", 1 / 20, 1),
    ("QOperator", 20, 2),
    ("QOperator", 1 / 20, 2),
    ("QDQ", 20, 1),
    ("QDQ", 1 / 20, 1),
):
    first, second = apart(form, times, copies)
    print(f"{form}, second maps {times:g} times the first, {copies} bias: first {first:.1e} off, second {second:.1e} off")
    wrong.append(second > 0.3)
    right.append(first < 0.05 and (wrong[-1] or second < 0.05))
sys.exit(0 if wrong == [True] * 2 + [False] * 4 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null
