#!/usr/bin/env bash
# onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0: rows that are added to all rows of a tensor take their place.
#
# Expected: `x.index_add(0, torch.arange(7), u)` adds a row to each of seven, as a gradient or a vector of an emotion does. In
#   ONNX it is a ScatterND with `reduction="add"`, and optimising a graph keeps what it computes.
# Seen: the optimised graph is `Identity(u)`: x is gone, without a warning. So it is with "mul", "max" and "min". With fewer
#   rows, or rows in another order, and for "none" it is right. torch.onnx.export(dynamo=True) of torch 2.15.0 optimises with
#   it by default and writes the same graph for `index_add` and for `index_put(..., accumulate=True)`.
# Source: onnxscript/rewriter/rules/common/_redundant_scatter_nd.py: the pattern of ScatterAllStatic takes a ScatterND with any
#   attributes and its check compares shapes and indices alone; ScatterAllDynamic beside it asks for `reduction="none"`
#   (a correction is open: github.com/microsoft/onnxscript/pull/3049).
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet onnxscript==0.7.2 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import onnxscript.optimizer
from onnx import TensorProto, checker, helper, numpy_helper

x, u = np.random.default_rng(0).normal(size=(2, 7, 4)).astype(np.float32)
into = {"none": lambda a, b: b, "add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


def apart(reduction: str, rows: list[int]) -> tuple[float, float, str]:
    """How far the graph and the optimised graph are from numpy, and what the optimised graph is made of."""
    graph = helper.make_graph(
        [helper.make_node("ScatterND", ["x", "rows", "u"], ["y"], reduction=reduction)],
        "graph",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [7, 4]),
            helper.make_tensor_value_info("u", TensorProto.FLOAT, [len(rows), 4]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [7, 4])],
        [numpy_helper.from_array(np.array(rows, np.int64)[:, None], "rows")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    checker.check_model(model, full_check=True)
    given = {"x": x, "u": u[: len(rows)]}
    expected = x.copy()
    expected[rows] = into[reduction](expected[rows], given["u"])
    found = []
    for one in (model, onnxscript.optimizer.optimize(model)):
        session = onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"])
        names = [i.name for i in session.get_inputs()]
        found.append(float(np.abs(session.run(None, {name: given[name] for name in names})[0] - expected).max()))
    return found[0], found[1], "+".join(node.op_type for node in one.graph.node)


every, wrong, right = list(range(7)), [], []
for reduction, rows in (
    ("add", every),
    ("mul", every),
    ("max", every),
    ("min", every),
    ("none", every),
    ("add", every[:6]),
    ("add", every[::-1]),
):
    before, after, nodes = apart(reduction, rows)
    print(f"{reduction} into rows {rows}: {before:.1e} off, optimised {after:.1e} off: {nodes}")
    wrong.append(after > 0.5 and nodes == "Identity")
    right.append(before < 1e-5 and (wrong[-1] or after < 1e-5))
sys.exit(0 if wrong == [True] * 4 + [False] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
