#!/usr/bin/env bash
# onnxruntime 1.32.0, onnx 1.23.2: weights given to a session with `add_initializer` are not taken where a convolution
# was made ready for its layout or joined with a batch norm.
#
# Expected: `SessionOptions.add_initializer(name, value)` puts a value in the place of the model's initializer of that
#   name, so that sessions can share weights, or one file can serve several sets of them. What graph optimizations do
#   is done with the value that the session computes with, or not at all.
# Seen: a matrix product takes the given weights at every level of optimization. A convolution (here of 16 channels)
#   takes them up to ORT_ENABLE_EXTENDED; with the default, ORT_ENABLE_ALL, it answers with the file's weights, without
#   a warning. A convolution with a batch norm behind it does so at every level but ORT_DISABLE_ALL.
# Source: onnxruntime/core/optimizer/nchwc_transformer.cc and conv_bn_fusion.cc make new weights out of the tensors of
#   the graph; the given ones come in their place only afterwards, by their names, which are gone by then.
# Exits with 1 once that is no longer so. (The layout is that of x86 processors with AVX or newer; elsewhere the default
# may be right, and this exits with 1.)
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper

LEVELS = ("ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL")
generator = np.random.default_rng(0)
x = generator.normal(size=(1, 16, 8, 8)).astype(np.float32)


def answers(nodes: list, shape: list, others: dict[str, np.ndarray]) -> dict[str, str]:
    """Whose weights each level computes with."""
    in_file, given = (generator.normal(size=shape).astype(np.float32) for _ in range(2))

    def graph(weights: np.ndarray) -> bytes:
        made = helper.make_graph(
            nodes,
            "graph",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 16, 8, 8])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)],
            [numpy_helper.from_array(a, n) for n, a in ({"weights": weights} | others).items()],
        )
        model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        checker.check_model(model)
        return model.SerializeToString()

    kept = onnxruntime.OrtValue.ortvalue_from_numpy(given)  # has to outlive the session
    found = {}
    for level in LEVELS:
        results = []
        for content, other in ((graph(in_file), None), (graph(given), None), (graph(in_file), kept)):
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 2  # warnings, too
            options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
            if other is not None:
                options.add_initializer("weights", other)
            session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            results.append(session.run(None, {"x": x})[0])
        file_s, given_s, own = results
        if np.abs(file_s - given_s).max() < 1:
            sys.exit(2)
        found[level] = next(
            (who for who, theirs in (("given", given_s), ("file", file_s)) if np.abs(own - theirs).max() < 1e-3), "none"
        )
    return found


norm = {"scale": np.ones(32), "shift": np.zeros(32), "mean": np.full(32, 0.5), "variance": np.full(32, 4.0)}
norm = {name: values.astype(np.float32) for name, values in norm.items()}
tried = {
    "matrix product": ([helper.make_node("MatMul", ["x", "weights"], ["y"])], [8, 5], {}),
    "convolution": ([helper.make_node("Conv", ["x", "weights"], ["y"], pads=[1] * 4)], [32, 16, 3, 3], {}),
    "convolution and batch norm": (
        [
            helper.make_node("Conv", ["x", "weights"], ["h"], pads=[1] * 4),
            helper.make_node("BatchNormalization", ["h", *norm], ["y"]),
        ],
        [32, 16, 3, 3],
        norm,
    ),
}
expected = {
    "matrix product": ["given"] * 4,
    "convolution": ["given"] * 3 + ["file"],
    "convolution and batch norm": ["given"] + ["file"] * 3,
}
same = True
for name, what in tried.items():
    found = answers(*what)
    print(f"{name}: " + ", ".join(f"{level} {who}'s" for level, who in found.items()))
    same &= list(found.values()) == expected[name]
sys.exit(0 if same else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
