#!/usr/bin/env bash
# tract 0.23.9, onnx 1.23.2, onnxruntime 1.32.0: a recurrent layer with direction "reverse" reads its frames from the first on.
#
# Expected: an LSTM, GRU or RNN of direction "reverse" begins with the last frame, and its last state is that of the first, as
#   numpy and onnxruntime compute it; a model that reads a film from both ends may hold two such layers, one each way.
# Seen: tract gives what direction "forward" gives, without an error. Direction "bidirectional" is right in both halves, and so
#   is "reverse" of a single frame.
# Source: onnx/src/ops/rec/common.rs of tract: the attribute `direction` is not read; `wire` makes one forward side, and a
#   backward one beside it where the weights are of two directions.
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
from onnx import TensorProto, checker, helper, numpy_helper, save

file = sys.argv[1] + "/graph.onnx"
generator = np.random.default_rng(0)
frames = generator.normal(size=(5, 2, 3)).astype(np.float32)
gates = {"LSTM": 4, "GRU": 3, "RNN": 1}


def recurrent(x: np.ndarray, w: np.ndarray, r: np.ndarray) -> np.ndarray:
    """States of a plain RNN, frame by frame."""
    state, states = np.zeros((x.shape[1], 4)), []
    for frame in x:
        state = np.tanh(frame @ w.T + state @ r.T)
        states.append(state)
    return np.stack(states)


def apart(operation: str, direction: str, length: int) -> tuple[float, float, float]:
    """How far tract is from onnxruntime and from the forward layer, and onnxruntime from numpy (0 but for an RNN)."""
    sides = 2 if direction == "bidirectional" else 1
    w, r = (generator.normal(size=(sides, gates[operation] * 4, n)).astype(np.float32) for n in (3, 4))
    x, given = frames[:length], []
    for way in (direction, direction if sides == 2 else "forward"):
        graph = helper.make_graph(
            [helper.make_node(operation, ["x", "w", "r"], ["y"], hidden_size=4, direction=way)],
            "graph",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [length, sides, 2, 4])],
            [numpy_helper.from_array(w, "w"), numpy_helper.from_array(r, "r")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        checker.check_model(model, full_check=True)
        save(model, file)
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        found = tract.onnx().load(file).into_model().into_runnable().run([x])[0].to_numpy()
        given.append((found, session.run(None, {"x": x})[0]))
    (ours, theirs), (_, forward) = given
    plain = 0.0
    if operation == "RNN" and direction == "reverse":
        plain = float(np.abs(theirs[:, 0] - recurrent(x[::-1], w[0], r[0])[::-1]).max())
    return float(np.abs(ours - theirs).max()), float(np.abs(ours - forward).max()), plain


wrong, right = [], []
for operation in gates:
    for direction, length in (("reverse", 5), ("forward", 5), ("bidirectional", 5), ("reverse", 1)):
        far, forward, plain = apart(operation, direction, length)
        print(f"{operation}, {direction}, {length} frames: tract {far:.1e} from onnxruntime, {forward:.1e} from forward")
        wrong.append(far > 0.1 and forward < 1e-5)
        right.append(plain < 1e-5 and (wrong[-1] or far < 1e-5))
sys.exit(0 if wrong == [True, False, False, False] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place"
