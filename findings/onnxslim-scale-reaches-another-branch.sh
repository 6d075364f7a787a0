#!/usr/bin/env bash
# onnxslim 0.1.98, onnx 1.23.2, onnxruntime 1.32.0: a scale behind one use of a linear layer reaches its other use.
#
# Expected: `h = linear(x)` is used twice, as queries `h.view(-1, heads, width) * width**-0.5` and as it is. Slimming may put
#   the scale into the layer's weights only where nothing else reads what the layer gives.
# Seen: weights and bias are multiplied by the scale, and the other branch computes with a quarter of its numbers, without an
#   error. The queries are right. With a layer for each branch, or without the reshape, both are.
# Source: onnxslim/core/pattern/fusion/gemm.py, `GemmMulPatternMatcher.rewrite`, asks whether the Reshape has one reader,
#   not whether the Gemm has. `GemmAddPatternMatcher` beside it asks both.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet onnxslim==0.1.98 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import onnxslim
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(3)
generator = np.random.default_rng(0)
x = generator.normal(size=(4, 16)).astype(np.float32)
weights = {name: generator.normal(size=(48, 16)).astype(np.float32) for name in ("weights", "others")}
bias, scale = generator.normal(size=48).astype(np.float32), np.float32(16**-0.5)


def apart(layers: int, reshape: bool) -> tuple[float, float]:
    """How far both outputs of the slimmed graph are from numpy, in shares of their largest value; the graph is right."""
    own = "weights" if layers == 1 else "others"
    nodes = [helper.make_node("Gemm", ["x", "weights", "bias"], ["h"], transB=1)]
    if layers == 2:
        nodes.append(helper.make_node("Gemm", ["x", "others", "bias"], ["g"], transB=1))
    if reshape:
        nodes.append(helper.make_node("Reshape", ["h", "shape"], ["heads"]))
    nodes += [
        helper.make_node("Mul", ["heads" if reshape else "h", "scale"], ["scaled"]),
        helper.make_node("Tanh", ["scaled"], ["queries"]),
        helper.make_node("Relu", ["h" if layers == 1 else "g"], ["values"]),
    ]
    tensors = {"weights": weights["weights"], "bias": bias, "scale": np.array(scale), "shape": np.array([-1, 3, 16])}
    tensors |= {"others": weights["others"]} if layers == 2 else {}
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 16])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("queries", "values")],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    queries = np.tanh((x @ weights["weights"].T + bias) * scale).reshape((-1, 3, 16) if reshape else (-1, 48))
    expected = queries, np.maximum(x @ weights[own].T + bias, 0)
    far = []
    for one in (model, onnxslim.slim(model)):
        session = onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"])
        found = session.run(["queries", "values"], {"x": x})
        far.append([float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, expected)])
    assert max(far[0]) < 1e-5
    print(f"{layers} layer(s), reshaped: {reshape}: slimmed queries {far[1][0]:.1e} off, values {far[1][1]:.1e}")
    return tuple(far[1])


shared, apiece, flat = apart(1, True), apart(2, True), apart(1, False)
sys.exit(0 if shared[1] > 0.5 and max(shared[0], *apiece, *flat) < 1e-5 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
