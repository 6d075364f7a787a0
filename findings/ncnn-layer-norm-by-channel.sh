#!/usr/bin/env bash
# pnnx 20261020, ncnn 1.0.20261020, torch 2.13.0, onnx 1.23.2, onnxruntime 1.32.0: a LayerNorm over channels, rows and columns
# normalises each channel by itself.
#
# Expected: `torch.nn.LayerNorm((C, H, W))` takes one mean and one variance from all values of a picture's maps and has a weight
#   for each of them, as torch and onnxruntime compute it.
# Seen: the converted network takes them from each channel alone, and gives every channel the first one's weights, without an
#   error or a warning: what a channel is larger than another is lost. Over rows and columns, over the last axis, and with
#   GroupNorm(1, C), which takes one mean and variance as well, it is right.
# Source: pnnx writes the number of all values, and src/layer/layernorm.cpp of ncnn, for three axes, knows w values and
#   otherwise takes for granted that there are w * h (`else // if (affine_size == w * h)`).
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
generator = torch.Generator().manual_seed(0)
x = torch.randn(1, 6, 8, 8, generator=generator) * torch.arange(1, 7)[:, None, None] + torch.arange(6)[:, None, None]


def apart(number: int, norm: torch.nn.Module) -> tuple[float, float, float]:
    """How far ncnn and onnxruntime are from torch, and ncnn from each channel normalised by itself with the first weights."""
    for parameter in norm.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    layers = {"conv": torch.nn.Conv2d(6, 6, 1), "norm": norm}
    network, file = torch.nn.Sequential(OrderedDict(layers)).eval(), f"{sys.argv[1]}/network{number}"
    with torch.no_grad():
        network.conv.weight.copy_(torch.eye(6)[:, :, None, None])
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
    torch.onnx.export(network, (x,), file + ".onnx", dynamo=False, opset_version=18, input_names=["x"], output_names=["y"])
    session = onnxruntime.InferenceSession(file + ".onnx", providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"x": x.numpy()})[0][0]
    weight, bias = (p.detach().numpy().reshape(-1)[:64] for p in (norm.weight, norm.bias))
    maps = x[0].numpy().reshape(6, 64)
    maps = (maps - maps.mean(1, keepdims=True)) / np.sqrt(maps.var(1, keepdims=True) + 1e-5)
    said = (maps * weight + bias).reshape(6, 8, 8) if weight.size == 64 else np.full_like(ours, np.inf)
    return tuple(float(np.abs(one - other).max()) for one, other in ((ours, expected), (theirs, expected), (ours, said)))


wrong, right, report = [], [], open(3, "w")
for number, norm in enumerate(
    (torch.nn.LayerNorm((6, 8, 8)), torch.nn.LayerNorm((8, 8)), torch.nn.LayerNorm(8), torch.nn.GroupNorm(1, 6))
):
    ours, theirs, said = apart(number, norm)
    print(f"{norm}: ncnn {ours:.1e} off, onnxruntime {theirs:.1e}, ncnn from each channel by itself {said:.1e}", file=report)
    wrong.append(ours > 0.3 and said < 1e-3)
    right.append(theirs < 1e-3 and (wrong[-1] or ours < 1e-3))
report.close()
sys.exit(0 if wrong == [True] + [False] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" 3>&1 >/dev/null 2>&1
