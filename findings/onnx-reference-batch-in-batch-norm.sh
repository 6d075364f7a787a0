#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0: the reference evaluator's BatchNormalization of opsets 9 to 13 looks at the other pictures.
#
# Expected: until opset 13 a BatchNormalization with one output is the inference of a trained network: every picture is
#   normalised with the mean and variance that the graph holds, and gets the same answer alone and among others.
# Seen: the evaluator normalises with nine tenths of them and one tenth of the batch's own (the default momentum is 0.9),
#   without a warning, so that the same picture has other values in another batch. `momentum=1` hides it. Of opset 14 and
#   later it is right. The evaluator is what runtimes and converters are tested against.
# Source: onnx/reference/ops/op_batch_normalization.py, BatchNormalization_9, trains unless momentum is None, which an
#   attribute with a default never is; that only one output is asked for is not looked at (a correction is open:
#   github.com/onnx/onnx/pull/8442).
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

generator = np.random.default_rng(0)
pictures = (3 * generator.normal(size=(4, 6, 5, 5)) + 2).astype(np.float32)
scale, bias, mean = generator.normal(size=(3, 6)).astype(np.float32)
variance = generator.uniform(0.5, 2, size=6).astype(np.float32)


def apart(version: int, momentum: float | None = None) -> tuple[float, float, float]:
    """How far onnxruntime and the evaluator are from numpy, and the evaluator's first picture alone from that among four."""
    names = ["scale", "bias", "mean", "variance"]
    given = {} if momentum is None else {"momentum": momentum}
    graph = helper.make_graph(
        [helper.make_node("BatchNormalization", ["x", *names], ["y"], **given)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 6, 5, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 6, 5, 5])],
        [numpy_helper.from_array(a, n) for a, n in zip((scale, bias, mean, variance), names, strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8)
    checker.check_model(model, full_check=True)
    column = [a[:, None, None] for a in (scale, bias, mean, variance)]
    expected = column[0] * (pictures - column[2]) / np.sqrt(column[3] + 1e-5) + column[1]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"x": pictures})[0]
    ours, alone = (ReferenceEvaluator(model).run(None, {"x": x})[0] for x in (pictures, pictures[:1]))
    size = np.abs(expected).max()
    return tuple(float(np.abs(a - b).max() / size) for a, b in ((theirs, expected), (ours, expected), (alone, ours[:1])))


wrong, right = [], []
for version, momentum in ((9, None), (11, None), (13, None), (13, 0.5), (13, 1.0), (14, None), (15, 0.5)):
    theirs, ours, alone = apart(version, momentum)
    print(f"opset {version}, momentum {momentum}: onnxruntime {theirs:.1e} off, evaluator {ours:.1e}, by the batch {alone:.1e}")
    wrong.append(min(ours, alone) > 0.01)
    right.append(theirs < 1e-5 and (wrong[-1] or max(ours, alone) < 1e-5))
sys.exit(0 if wrong == [True] * 4 + [False] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
