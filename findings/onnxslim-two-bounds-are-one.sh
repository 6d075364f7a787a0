#!/usr/bin/env bash
# onnxslim 0.1.98, onnx 1.23.2, onnxruntime 1.32.0, torch 2.13.0: a Clip from below and a Clip from above become one.
#
# Expected: slimming keeps what a graph computes. `x.clamp(min=0) + slope * x.clamp(max=0)` is a PReLU written out, and the
#   exporter writes two Clip nodes for it, one with a lower bound only and one with an upper bound only, both of them 0.
# Seen: the slimmed graph has one Clip, whose output stands for both: what is negative becomes 0 and what is positive grows by
#   its slope, without an error and with the original's shapes. With bounds of different values both nodes stay.
# Source: onnxslim/core/optimization/subexpression_elimination.py, `can_be_replaced`, leaves inputs that are not given out of
#   both lists before it compares them, so that a bound's place no longer counts.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet onnxslim==0.1.98 onnx==1.23.2 onnxruntime==1.32.0 torch==2.13.0 numpy
cat > "$place/try.py" <<'PYTHON'
import io
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import onnxslim
import torch

warnings.filterwarnings("ignore")
onnxruntime.set_default_logger_severity(3)


class Written(torch.nn.Module):
    """A PReLU with a slope per channel, bend at `low` from above and at `high` from below."""

    def __init__(self, low: float, high: float):
        super().__init__()
        self.low, self.high = low, high
        self.slope = torch.nn.Parameter(torch.linspace(0.1, 0.6, 6)[:, None, None])

    def forward(self, x):
        return x.clamp(min=self.low) + self.slope * x.clamp(max=self.high)


def run(model, x):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def apart(low: float, high: float) -> tuple[float, float]:
    """How far the exported and the slimmed graph are from numpy, in shares of the largest value."""
    module, file = Written(low, high).eval(), io.BytesIO()
    x = torch.randn(2, 6, 8, 8, generator=torch.Generator().manual_seed(0))
    names = {"input_names": ["x"], "output_names": ["y"], "dynamic_axes": {"x": {0: "batch"}, "y": {0: "batch"}}}
    torch.onnx.export(module, (x,), file, dynamo=False, opset_version=17, **names)
    model, x = onnx.load_from_string(file.getvalue()), x.numpy()
    expected = np.maximum(x, low) + module.slope.detach().numpy() * np.minimum(x, high)
    slim = onnxslim.slim(model)
    clips = [sum(node.op_type == "Clip" for node in m.graph.node) for m in (model, slim)]
    found = [float(np.abs(run(m, x) - expected).max() / np.abs(expected).max()) for m in (model, slim)]
    print(f"bounds {low:g} and {high:g}: exported {found[0]:.1e} with {clips[0]} Clip, slimmed {found[1]:.1e} with {clips[1]}")
    return found[0], found[1]


same, other = apart(0.0, 0.0), apart(0.0, 0.5)
sys.exit(0 if same[0] < 1e-5 and same[1] > 0.1 and max(other) < 1e-5 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" 2>/dev/null
