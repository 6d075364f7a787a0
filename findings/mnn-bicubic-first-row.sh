#!/usr/bin/env bash
# MNN 3.6.1, onnx 1.23.2, onnxruntime 1.32.0, torch 2.13.0: a bicubic upsampling has another first row and column.
#
# Expected: `torch.nn.Upsample(scale_factor=2, mode="bicubic")` is exported as a cubic Resize, and the converted
#   network gives what torch and onnxruntime give: a ramp 0, 1, 2, ... begins with -0.1, 0.2 and 0.7.
# Seen: MNN begins with 0.7, 0.2 and 0.7: the first pixel of every row and every pixel of the first row are mixed from
#   pixels further in, as if the picture turned back there, without an error; the corner is off twice. By a factor of
#   3 it is the first of them, by 4 the first two. The last row and column, all between, a smaller picture,
#   `align_corners=True` and bilinear are right.
# Source: source/backend/cpu/CPUResize.cpp of MNN, `CPUResizeCubicC4`, takes the fraction from `floor` and the pixel
#   from a cast to int, which rounds what lies before the first pixel, -0.25, up to 0.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet MNN==3.6.1 onnx==1.23.2 onnxruntime==1.32.0 torch==2.13.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys
import warnings

import _tools
import MNN.expr as expr
import MNN.nn as nn
import numpy as np
import onnxruntime
import torch

warnings.filterwarnings("ignore")
place = sys.argv[1]
x = torch.arange(6.0).expand(1, 1, 6, 6) + torch.arange(6.0)[:, None]


def grown(mode: str, factor: float, corners: bool) -> list[np.ndarray]:
    """What torch, onnxruntime and MNN give."""
    module = torch.nn.Upsample(scale_factor=factor, mode=mode, align_corners=corners).eval()
    names = {"input_names": ["x"], "output_names": ["y"]}
    torch.onnx.export(module, (x,), f"{place}/a.onnx", dynamo=False, opset_version=17, **names)
    # what the command mnnconvert calls
    files = ["--modelFile", f"{place}/a.onnx", "--MNNModel", f"{place}/a.mnn"]
    _tools.mnnconvert(["x", "-f", "ONNX", *files, "--bizCode", "x"])
    network = nn.load_module_from_file(f"{place}/a.mnn", ["x"], ["y"])
    found = network.forward([expr.const(x.numpy().copy(), list(x.shape), expr.NCHW, expr.float)])[0]
    found = expr.convert(found, expr.NCHW)
    session = onnxruntime.InferenceSession(f"{place}/a.onnx", providers=["CPUExecutionProvider"])
    expected = module(x).numpy()
    found = np.array(found.read()).reshape(expected.shape)
    return [a[0, 0] for a in (expected, session.run(None, {"x": x.numpy()})[0], found)]


wrong, right = [], []
for mode, factor, corners, far in (
    ("bicubic", 2, False, 1),
    ("bicubic", 3, False, 1),
    ("bicubic", 4, False, 2),
    ("bicubic", 0.5, False, 0),
    ("bicubic", 2, True, 0),
    ("bilinear", 2, False, 0),
):
    expected, reference, found = grown(mode, factor, corners)
    off = np.abs(found - expected)
    first, rest = max(off[:1].max(), off[:, :1].max()), off[far:, far:].max()
    what = f"{mode} by {factor}{', align_corners' if corners else ''}"
    print(f"{what}: row of torch {expected[far or 1, :4].round(2)}, of MNN {found[far or 1, :4].round(2)};", end=" ")
    print(f"first row and column {first:.1e}, all but the first {far} {rest:.1e} off torch")
    wrong.append(bool(first > 0.1))
    right.append(rest < 1e-4 and np.abs(reference - expected).max() < 1e-4)
sys.exit(0 if wrong == [True] * 3 + [False] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null | grep "off torch"
