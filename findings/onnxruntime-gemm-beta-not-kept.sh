#!/usr/bin/env bash
# onnxruntime 1.32.0, onnx 1.23.2: the bias of a Gemm with beta is quantised to another one.
#
# Expected: Gemm is `alpha * x @ w + beta * bias`, as torch writes `torch.addmm(bias, x, w, beta=3)`, and a quantised graph
#   answers as the float graph does, to the two or three digits that bytes leave.
# Seen: in QDQ format beta becomes 1, and the bias that is added is a third of what it was; where onnxruntime makes a QGemm of
#   that, and in QOperator format, it is a ninth, without a warning. There a bias beside alpha = 2 is doubled, too. With
#   beta = 1 it is right, and where dynamic quantisation leaves such a Gemm in float.
# Source: onnxruntime/quantization/base_quantizer.py, `quantize_bias_static_impl`, makes the bias's scale larger by beta, so
#   that it is divided by it on the way to integers; operators/gemm.py sets beta to 1 and leaves it out of QGemm.
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
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_dynamic, quantize_static

logging.disable(logging.CRITICAL)
before, after = sys.argv[1] + "/before.onnx", sys.argv[1] + "/after.onnx"
generator = np.random.default_rng(0)
x, w = (generator.normal(size=size).astype(np.float32) for size in ((32, 16), (16, 7)))
bias = (4 * generator.normal(size=7)).astype(np.float32)


class Given(CalibrationDataReader):
    def __init__(self):
        self.batches = iter([{"x": x}])

    def get_next(self):
        return next(self.batches, None)


def apart(how: str, alpha: float, beta: float) -> list[float]:
    """How far the float graph and the quantised graph are from numpy, and the bias that was added in shares of the right one."""
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "bias"], ["y"], "gemm", alpha=alpha, beta=beta)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 7])],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(bias, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, before)
    if how == "dynamic":
        quantize_dynamic(before, after)
    else:
        quantize_static(before, after, Given(), quant_format=QuantFormat[how])
    product, found = alpha * x @ w, []
    for file in (before, after):
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        found.append(session.run(None, {"x": x})[0])
    expected = product + beta * bias
    size = np.abs(expected).max()
    share = float(np.dot((found[1] - product).mean(0), bias) / np.dot(beta * bias, bias))
    return [*(float(np.abs(y - expected).max() / size) for y in found), share]


wrong, right = [], []
for how, alpha, beta in (
    ("QDQ", 0.5, 3.0),
    ("QDQ", 1.0, 3.0),
    ("QOperator", 1.0, 3.0),
    ("QOperator", 2.0, 1.0),
    ("QDQ", 1.0, 1.0),
    ("QOperator", 1.0, 1.0),
    ("dynamic", 1.0, 3.0),
):
    plain, far, share = apart(how, alpha, beta)
    print(f"{how}, alpha {alpha}, beta {beta}: float {plain:.1e} off, quantised {far:.1e} off, bias times {share:.2f}")
    wrong.append(far > 0.15)
    right.append(plain < 1e-5 and (wrong[-1] or far < 0.05))
sys.exit(0 if wrong == [True] * 4 + [False] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null
