#!/usr/bin/env bash
# MNN 3.6.1, onnx 1.23.2, onnxruntime 1.32.0: a Split into a number of parts that does not divide an axis loses the
# rest.
#
# Expected: since opset 18 Split may be told a number of parts; where it does not divide the axis the last part is
#   smaller, as `torch.chunk(x, 3)` cuts 8 channels into 3, 3 and 2. That is what onnxruntime does.
# Seen: every part is 2 channels, 0 to 1, 2 to 3 and 4 to 5; channels 6 and 7 are in none of them, without an error,
#   and what is joined again has 6 channels. After a global pooling nothing else shows it. With the sizes given, `[3,
#   3, 2]`, and where the number divides the axis, it is right.
# Source: tools/converter/source/onnx/SplitOnnx.cpp of MNN reads `axis` and `split` and not `num_outputs`; without
#   sizes an axis is cut into equal parts, rounded down.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet MNN==3.6.1 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import _tools
import MNN.expr as expr
import MNN.nn as nn
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper, save

place = sys.argv[1]


def parts(channels: int, sizes: list[int] | None) -> tuple[list[float], list[float]]:
    """What onnxruntime and MNN give for the sum of each of three parts of 1, 2, 4, 8, ..."""
    x = 2.0 ** np.arange(channels, dtype=np.float32)[None]
    told = {} if sizes else {"num_outputs": 3}
    nodes = [helper.make_node("Split", ["x", "sizes"] if sizes else ["x"], ["a", "b", "c"], axis=1, **told)]
    nodes += [helper.make_node("ReduceSum", [n, "axes"], [f"{n}_sum"]) for n in "abc"]
    nodes.append(helper.make_node("Concat", ["a_sum", "b_sum", "c_sum"], ["y"], axis=1))
    arrays = {"axes": np.array([1])} | ({"sizes": np.array(sizes)} if sizes else {})
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(a, n) for n, a in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, f"{place}/a.onnx")
    # what the command mnnconvert calls
    files = ["--modelFile", f"{place}/a.onnx", "--MNNModel", f"{place}/a.mnn"]
    _tools.mnnconvert(["x", "-f", "ONNX", *files, "--bizCode", "x"])
    network = nn.load_module_from_file(f"{place}/a.mnn", ["x"], ["y"])
    found = network.forward([expr.const(x, list(x.shape), expr.NCHW, expr.float)])[0]
    session = onnxruntime.InferenceSession(f"{place}/a.onnx", providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0].ravel().tolist(), np.array(found.read()).ravel().tolist()


wrong, right = [], []
for channels, sizes, own in (
    (8, None, [7, 56, 192]),
    (10, None, [15, 240, 768]),
    (8, [3, 3, 2], [7, 56, 192]),
    (9, None, [7, 56, 448]),
):
    expected, found = parts(channels, sizes)
    lost = 2**channels - 1 - int(sum(found))
    what = f"{channels} channels, sizes {sizes or 'not given'}"
    print(f"{what}: sums of onnxruntime {expected}, of MNN {found}, in none of them {lost}")
    wrong.append(lost > 0)
    right.append(expected == own and (wrong[-1] or found == own))
sys.exit(0 if wrong == [True] * 2 + [False] * 2 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null | grep "sums of"
