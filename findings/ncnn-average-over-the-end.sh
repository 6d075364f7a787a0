#!/usr/bin/env bash
# pnnx 20261020, ncnn 1.0.20261020, torch 2.13.0, onnx 1.23.2, onnxruntime 1.32.0: an average pooling with ceil_mode darkens
# the last row and column.
#
# Expected: `torch.nn.AvgPool2d(3, 2, ceil_mode=True)` adds a window that reaches over the end of the picture, and its average
#   is of the pixels that it holds, as torch and onnxruntime compute it.
# Seen: the converted network divides it by all nine: what is there counts two thirds in the last row and column and four
#   ninths in the corner, without an error or a warning. With `count_include_pad=False`, where the windows end with the picture
#   or with MaxPool2d it is right.
# Source: pnnx writes `5=0` (whole windows) and `6=1` (padding counts) for it, and src/layer/pooling.cpp of ncnn fills up the
#   last window with zeros before it averages; what counts in torch is the padding that was asked for.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet pnnx==20261020 ncnn==1.0.20261020 torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys
import warnings
from collections import OrderedDict

import ncnn
import numpy as np
import onnxruntime
import pnnx
import torch

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
pictures = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(0)) + 1


def apart(number: int, pool: torch.nn.Module, pixels: int) -> tuple[float, float, float]:
    """How far ncnn and onnxruntime are from torch, and ncnn from sums of what is there over nine."""
    layers, x = {"conv": torch.nn.Conv2d(3, 3, 1), "pool": pool}, pictures[:, :, :pixels, :pixels].contiguous()
    network, file = torch.nn.Sequential(OrderedDict(layers)).eval(), f"{sys.argv[1]}/network{number}"
    with torch.no_grad():
        network.conv.weight.copy_(torch.eye(3)[:, :, None, None])
        network.conv.bias.zero_()
        expected = network(x)[0].numpy()
    pnnx.export(network, file + ".pt", (x,), fp16=False)
    runtime = ncnn.Net()
    runtime.opt.num_threads, runtime.opt.use_bf16_storage = 1, False
    runtime.opt.use_fp16_packed = runtime.opt.use_fp16_storage = runtime.opt.use_fp16_arithmetic = False
    assert runtime.load_param(file + ".ncnn.param") == 0 and runtime.load_model(file + ".ncnn.bin") == 0
    extractor, given = runtime.create_extractor(), ncnn.Mat(x[0].numpy()).clone()
    extractor.input("in0", given)
    ours = np.array(extractor.extract("out0")[1])
    torch.onnx.export(network, (x,), file + ".onnx", dynamo=False, opset_version=19, input_names=["x"], output_names=["y"])
    session = onnxruntime.InferenceSession(file + ".onnx", providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"x": x.numpy()})[0][0]
    filled = np.pad(x[0].numpy(), ((0, 0), (0, 2), (0, 2)))
    starts = range(0, 2 * expected.shape[1], 2)
    said = np.stack([np.stack([filled[:, i : i + 3, j : j + 3].sum((1, 2)) / 9 for j in starts], -1) for i in starts], -2)
    return tuple(float(np.abs(one - other).max()) for one, other in ((ours, expected), (theirs, expected), (ours, said)))


wrong, right, report = [], [], open(3, "w")
for number, (pool, pixels) in enumerate(
    (
        (torch.nn.AvgPool2d(3, 2, ceil_mode=True), 8),
        (torch.nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False), 8),
        (torch.nn.AvgPool2d(3, 2, ceil_mode=True), 9),
        (torch.nn.MaxPool2d(3, 2, ceil_mode=True), 8),
    )
):
    ours, theirs, said = apart(number, pool, pixels)
    what = f"{type(pool).__name__}, count_include_pad {getattr(pool, 'count_include_pad', None)}, {pixels} pixels"
    print(f"{what}: ncnn {ours:.1e} off, onnxruntime {theirs:.1e}, ncnn from sums over nine {said:.1e}", file=report)
    wrong.append(ours > 0.3 and said < 1e-4)
    right.append(theirs < 1e-4 and (wrong[-1] or ours < 1e-4))
report.close()
sys.exit(0 if wrong == [True] + [False] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" 3>&1 >/dev/null 2>&1
