#!/usr/bin/env bash
# tinygrad 0.14.0, onnx 1.23.2, onnxruntime 1.32.0: ReduceLogSumExp of logits above 88 is infinite.
#
# Expected: the logarithm of a sum of exponentials lies between the largest logit and that plus the logarithm of their
#   number. Logits that are a cosine times 100, as in CLIP, reach 100, and an energy score of 100.3 is what onnxruntime
#   and numpy.logaddexp give.
# Seen: with a logit from 89 on it is inf, and where all logits are below -104 it is -inf, without a warning: all such
#   faces have the same score. Between, and as the logarithm of Softmax's divisor (`x - LogSoftmax(x)`), it is right.
# Source: tinygrad/nn/onnx.py, `ReduceLogSumExp`, takes exponentials, sum and logarithm as they are; tinygrad's own
#   `Tensor.logsumexp` takes the largest off before.
# Exits with 1 once that is no longer so. (DEV=PYTHON is tinygrad's own interpreter, for which no compiler is needed.)
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet tinygrad==0.14.0 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, save
from tinygrad import Tensor
from tinygrad.nn.onnx import OnnxRunner

x = np.array(
    [[5, 4, -3], [80, 79, 10], [88, 60, 5], [89, 60, 5], [100, 99, 30], [-80, -82, -90], [-110, -112, -120]], np.float32
)
graph = helper.make_graph(
    [
        helper.make_node("ReduceLogSumExp", ["x", "axes"], ["y"], keepdims=0),
        helper.make_node("LogSoftmax", ["x"], ["logs"], axis=1),
        helper.make_node("Sub", ["x", "logs"], ["differences"]),
        helper.make_node("ReduceMean", ["differences", "axes"], ["z"], keepdims=0),
    ],
    "graph",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])],
    [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch"]) for name in ("y", "z")],
    [helper.make_tensor("axes", TensorProto.INT64, [1], [1])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
checker.check_model(model, full_check=True)
file = sys.argv[1] + "/model.onnx"
save(model, file)
expected = np.logaddexp.reduce(x.astype(float), axis=1)
reference = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
if not np.allclose(reference, expected, atol=1e-3):
    sys.exit(2)
results = OnnxRunner(file)({"x": x})
found, other = results["y"].numpy(), results["z"].numpy()
own = Tensor(x).logsumexp(1).numpy()
for row, *values in zip(x, expected, reference, found, other, own):
    columns = zip(("numpy", "onnxruntime", "tinygrad", "by LogSoftmax", "Tensor.logsumexp"), values)
    print(f"{row.astype(int)}: " + ", ".join(f"{name} {value:.3f}" for name, value in columns))
lost = [False] * 3 + [True] * 2 + [False, True]
signs = np.array([np.inf, np.inf, -np.inf])
good = np.allclose(found[~np.array(lost)], expected[~np.array(lost)], atol=1e-3)
rest = np.allclose(other, expected, atol=1e-3) and np.allclose(own, expected, atol=1e-3)
sys.exit(0 if good and rest and np.array_equal(found[np.array(lost)], signs) else 1)
PYTHON
DEV=PYTHON "$place/env/bin/python" -W ignore "$place/try.py" "$place" 2>/dev/null
