#!/usr/bin/env bash
# tract 0.23.9, onnx 1.23.2, onnxruntime 1.32.0: GlobalLpPool is divided by the number of pixels and keeps signs.
#
# Expected: a channel's GlobalLpPool is the p-norm of its pixels, the p-th root of the sum of their absolute values to the
#   power of p, as onnxruntime computes it.
# Seen: tract takes the mean where the sum belongs: a map of 7 x 7 has a seventh of its L2 norm, without an error. With p = 1
#   or 3 the signs are kept, too: what is negative is taken off, and a channel whose sum is negative is NaN with p = 3. The
#   norm with p = 2 of a single pixel and GlobalAveragePool are right.
# Source: hir/src/ops/nn/global_pools.rs of tract, `GlobalLpPool`, divides the sum as `GlobalAvgPool` above does, and takes
#   the power of the pixels as they are.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet tract==0.23.9 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import tract
from onnx import TensorProto, checker, helper, save

file = sys.argv[1] + "/graph.onnx"
generator = np.random.default_rng(0)


def apart(kind: str, p: int, size: int, sign: bool) -> tuple[float, float, float, int]:
    """How far onnxruntime and tract are from the formula, tract from the mean with signs, and how many channels are NaN."""
    x = generator.normal(size=(2, 6, size, size)).astype(np.float32)
    x = x if sign else np.abs(x)
    given = {"p": p} if kind == "GlobalLpPool" else {}
    graph = helper.make_graph(
        [helper.make_node(kind, ["x"], ["y"], **given)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x.shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 6, 1, 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, file)
    expected = x.mean(axis=(2, 3)) if not given else (np.abs(x) ** p).sum(axis=(2, 3)) ** (1 / p)
    with np.errstate(invalid="ignore"):
        said = (x.astype(float) ** p).mean(axis=(2, 3)) ** (1 / p)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"x": x})[0][:, :, 0, 0]
    found = tract.onnx().load(file).into_model().into_runnable().run([x])[0].to_numpy()[:, :, 0, 0]
    off = [float(np.nanmax(np.abs(a - b))) for a, b in ((theirs, expected), (found, expected), (found, said))]
    return *off, int(np.isnan(found).sum())


wrong, right = [], []
for kind, p, size, sign in (
    ("GlobalLpPool", 2, 7, True),
    ("GlobalLpPool", 1, 7, True),
    ("GlobalLpPool", 3, 7, True),
    ("GlobalLpPool", 1, 7, False),
    ("GlobalLpPool", 2, 1, True),
    ("GlobalAveragePool", 1, 7, True),
):
    theirs, ours, said, lost = apart(kind, p, size, sign)
    print(
        f"{kind}, p = {p}, {size} x {size} pixels {'of either sign' if sign else 'above 0'}: onnxruntime {theirs:.1e} off, "
        f"tract {ours:.1e}, from the mean with signs {said:.1e}, {lost} of 12 channels NaN"
    )
    wrong.append(ours > 0.5 and said < 1e-5)
    right.append(theirs < 1e-4 and (wrong[-1] or ours < 1e-5))
sys.exit(0 if wrong == [True] * 4 + [False] * 2 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place"
