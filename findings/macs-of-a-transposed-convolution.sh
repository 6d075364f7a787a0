#!/usr/bin/env bash
# torchinfo 1.8.0, thop 0.1.1.post2209072238, torchprofile 0.1.0, onnx-tool 1.0.1, torch 2.13.0: the multiply-adds of
# a transposed convolution are counted for every pixel that comes out.
#
# Expected: a convolution multiplies its kernels with a window for every pixel that comes out, a transposed
#   convolution for every pixel that goes in: `in * out / groups * kernel` for each of those. fvcore, ptflops and
#   torch's own FlopCounterMode count that, and so does a convolution that is its gradient.
# Seen: with a stride of 2 all four count four times as many (for each pixel that comes out), without a warning;
#   onnx-tool multiplies with the channels that come out in place of those that go in, besides. With a stride of 1 the
#   first three are right.
# Source: torchinfo/layer_info.py, `calculate_macs`; thop/vision/calc_func.py, `calculate_conv2d_flops`;
#   torchprofile/handlers.py, `_convolution`; onnx_tool/node.py, `ConvTransposeNode.profile`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 torchinfo==1.8.0 torchprofile==0.1.0 fvcore==0.1.5.post20221221 \
  onnx==1.23.2 onnx-tool==1.0.1 numpy
"$place/env/bin/pip" install --quiet --no-deps thop==0.1.1.post2209072238
cat > "$place/try.py" <<'PYTHON'
import copy
import sys
import warnings

import onnx_tool
import thop
import torch
import torchinfo
import torchprofile
from fvcore.nn import FlopCountAnalysis
from torch.utils.flop_counter import FlopCounterMode

warnings.filterwarnings("ignore")
file = sys.argv[1] + "/a.onnx"


def by_onnx_tool(module, x):
    torch.onnx.export(module, (x,), file, dynamo=False, opset_version=17)
    graph = onnx_tool.Model(file).graph
    graph.shape_infer()
    graph.profile()
    return int(graph.macs[0])


def by_torch(module, x):
    with FlopCounterMode(display=False) as counter:
        module(x)
    return counter.get_total_flops() // 2


counters = {
    "torch": by_torch,
    "fvcore": lambda module, x: int(FlopCountAnalysis(module, x).total()),
    "torchinfo": lambda module, x: torchinfo.summary(module, input_data=x, verbose=0).total_mult_adds,
    "thop": lambda module, x: int(thop.profile(module, (x,), verbose=False)[0]),
    "torchprofile": torchprofile.profile_macs,
    "onnx-tool": by_onnx_tool,
}
right = []
for kind, channels, stride, groups, extra in (
    ("Conv2d", 8, 2, 1, 0),
    ("ConvTranspose2d", 8, 1, 1, 0),
    ("ConvTranspose2d", 8, 2, 1, 1),
    ("ConvTranspose2d", 16, 2, 16, 1),
):
    more = {"output_padding": extra} if extra else {}
    layer = getattr(torch.nn, kind)(16, channels, 3, stride, 1, groups=groups, bias=False, **more).eval()
    x = torch.zeros(1, 16, 8, 8)
    size = layer(x).shape[-1]
    own = 16 * channels // groups * 9 * (size**2 if kind == "Conv2d" else 64)
    with torch.no_grad():
        found = {name: counter(copy.deepcopy(layer), x) for name, counter in counters.items()}
    print(f"{kind}(16, {channels}, 3, stride={stride}, groups={groups}), 8 x 8 to {size} x {size}: {own}", end="; ")
    print(", ".join(f"{name} {count / own:g} times" for name, count in found.items()))
    times = {name: 4.0 if stride == 2 and kind == "ConvTranspose2d" else 1.0 for name in found}
    times["torch"] = times["fvcore"] = 1.0
    if kind == "ConvTranspose2d":
        times["onnx-tool"] *= channels / 16
    right.append(all(found[name] == own * times[name] for name in found))
sys.exit(0 if all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place" 2>/dev/null | grep "times"
