#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0: the reference evaluator's recurrent layers read a shorter clip's padding, too.
#
# Expected: LSTM, GRU and RNN have an input `sequence_lens`, the number of frames of each clip of a padded batch: the last
#   state of a shorter clip is that after its own last frame, and "reverse" begins at that frame.
# Seen: the evaluator does not look at it: the last state is that after the padding, 0.1 to 2 apart where states are within -1
#   and 1, without a warning. onnxruntime is right, and so is the evaluator where all clips are equally long. The evaluator is
#   what runtimes and converters are tested against.
# Source: onnx/reference/ops/op_lstm.py, op_gru.py and op_rnn.py: `_run` takes `sequence_lens` and does nothing with it.
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

FRAMES, CLIPS, FEATURES, UNITS = 6, 3, 4, 5
generator = np.random.default_rng(0)
clips = generator.normal(size=(FRAMES, CLIPS, FEATURES)).astype(np.float32)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def own(kind, clip, w, r, b):
    """The last state of one clip, by the formulas of ONNX."""
    h = c = np.zeros(UNITS)
    for frame in clip:
        if kind == "RNN":
            h = np.tanh(w @ frame + r @ h + b)
        elif kind == "LSTM":
            i, o, f, n = np.split(w @ frame + r @ h + b, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(n)
            h = sigmoid(o) * np.tanh(c)
        else:
            (wz, wr, wh), (rz, rr, rh), (bz, br, bh) = (np.split(a, 3) for a in (w, r, b))
            z, reset = sigmoid(wz @ frame + rz @ h + bz), sigmoid(wr @ frame + rr @ h + br)
            h = (1 - z) * np.tanh(wh @ frame + rh @ (reset * h) + bh) + z * h
    return h


def apart(kind, direction, lengths):
    """How far the last states of onnxruntime and of the evaluator are from the formulas."""
    rows = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind] * UNITS
    w, r = (generator.normal(size=(1, rows, n)).astype(np.float32) for n in (FEATURES, UNITS))
    b = np.concatenate([generator.normal(size=(1, rows)), np.zeros((1, rows))], axis=1).astype(np.float32)
    given = {"hidden_size": UNITS, "direction": direction}
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", "w", "r", "b", "lengths"], ["", "y"], **given)],
        "graph",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [FRAMES, CLIPS, FEATURES]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, [CLIPS]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, CLIPS, UNITS])],
        [numpy_helper.from_array(a, n) for n, a in {"w": w, "r": r, "b": b}.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    turn = -1 if direction == "reverse" else 1
    ends = [own(kind, clips[:n, k][::turn], w[0], r[0], b[0, :rows]) for k, n in enumerate(lengths)]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feed = {"x": clips, "lengths": np.array(lengths, np.int32)}
    return [float(np.abs(one.run(None, feed)[0][0] - ends).max()) for one in (session, ReferenceEvaluator(model))]


wrong, right = [], []
for kind in ("LSTM", "GRU", "RNN"):
    for direction, lengths in (("forward", [6, 4, 2]), ("reverse", [6, 4, 2]), ("forward", [6, 6, 6])):
        theirs, ours = apart(kind, direction, lengths)
        print(f"{kind}, {direction}, clips of {lengths} frames: onnxruntime {theirs:.1e} off, the evaluator {ours:.1e}")
        wrong.append(ours > 0.1)
        right.append(theirs < 1e-5 and (wrong[-1] or ours < 1e-5))
sys.exit(0 if wrong == [True, True, False] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
