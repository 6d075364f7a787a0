#!/usr/bin/env bash
# onnx2torch 1.5.15, onnx 1.23.2, onnxruntime 1.32.0, torch 2.13.0: a maximum over rows and columns, counted from the end,
# runs over rows and channels.
#
# Expected: `x.amax(dim=(-2, -1))`, a global max pooling, is exported as ReduceMax with the axes -2 and -1, and converted back
#   it has the same value for each channel.
# Seen: the converted module has a value for each column, the largest of all channels and rows, without an error. With as many
#   maps as columns, such as seven maps of 7 x 7 for seven emotions, even the shape is right. So it is with the minimum. With
#   the axes 2 and 3, with `keepdim=True` and for the mean it is right.
# Source: onnx2torch/node_converters/reduce.py, `OnnxReduceStaticAxes`, takes ReduceMax, ReduceMin and ReduceProd axis by
#   axis, and makes the next axis one smaller because one is gone, also where it is counted from the end.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0 numpy
"$place/env/bin/pip" install --quiet --no-deps onnx2torch==1.5.15
cat > "$place/try.py" <<'PYTHON'
import sys
import warnings
from unittest import mock

import onnx
import onnxruntime
import torch

warnings.filterwarnings("ignore")
# only the converters for boxes use torchvision
sys.modules |= {"torchvision": mock.MagicMock(), "torchvision.ops": mock.MagicMock()}
import onnx2torch

file = sys.argv[1] + "/graph.onnx"


class Pool(torch.nn.Module):
    def __init__(self, how, dim, keep):
        super().__init__()
        self.how, self.dim, self.keep = how, dim, keep

    def forward(self, x):
        return getattr(torch, self.how)(x, dim=self.dim, keepdim=self.keep)


def apart(how, dim, keep, channels):
    """How far onnxruntime and the converted module are from numpy, the module from rows and channels, and its shape."""
    x = torch.randn(2, channels, 7, 7, generator=torch.Generator().manual_seed(0))
    names = {"input_names": ["x"], "output_names": ["y"]}
    torch.onnx.export(Pool(how, dim, keep), (x,), file, dynamo=False, opset_version=13, **names)
    graph = onnx.load(file)
    onnx.checker.check_model(graph, full_check=True)
    assert len(graph.graph.node) == 1
    named = {"amax": "max", "amin": "min", "mean": "mean"}[how]
    expected = getattr(x.numpy(), named)(axis=dim, keepdims=keep)
    said = getattr(x.numpy(), named)(axis=(1, 2))
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"x": x.numpy()})[0]
    found = onnx2torch.convert(graph)(x).numpy()
    pairs = ((theirs, expected), (found, expected), (found, said))
    return *(float(abs(a - b).max()) if a.shape == b.shape else float("inf") for a, b in pairs), found.shape


wrong, right = [], []
for how, dim, keep, channels in (
    ("amax", (-2, -1), False, 7),
    ("amax", (-2, -1), False, 64),
    ("amin", (-2, -1), False, 7),
    ("amax", (2, 3), False, 7),
    ("amax", (-2, -1), True, 7),
    ("mean", (-2, -1), False, 7),
):
    theirs, ours, said, shape = apart(how, dim, keep, channels)
    print(
        f"{channels} maps of 7 x 7, {how} over {dim}, keepdim={keep}: onnxruntime {theirs:.1e} off, onnx2torch {ours:.1e}, "
        f"from that over rows and channels {said:.1e}, shape {shape}"
    )
    wrong.append(ours > 0.5 and said < 1e-6)
    right.append(theirs < 1e-6 and (wrong[-1] or ours < 1e-6))
sys.exit(0 if wrong == [True] * 3 + [False] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place"
