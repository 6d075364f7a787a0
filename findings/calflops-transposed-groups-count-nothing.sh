#!/usr/bin/env bash
# calflops 0.3.2, torch 2.13.0: a transposed convolution in groups is divided by the number of groups twice, and
# rounded down.
#
# Expected: with `groups` every channel that goes in is multiplied with `out / groups` kernels, so that there are
#   `pixels * in * out / groups * kernel` multiply-adds; torch's own FlopCounterMode counts that, and calflops itself
#   for Conv2d.
# Seen: with 2 groups half of them are counted, and with 4 groups of two channels none, as of every depthwise
#   upsampling, without a warning. Without groups it is right.
# Source: calflops/pytorch_ops.py, `_conv_trans_flops_compute`, takes the second size of the weights, which is `out /
#   groups` for a transposed convolution, for the number of channels that come out, and divides it by groups.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 calflops==0.3.2 transformers==5.24.0 accelerate==1.15.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import torch
from calflops import calculate_flops
from torch.utils.flop_counter import FlopCounterMode

right = []
for kind, groups, share in (
    ("ConvTranspose2d", 1, 1),
    ("ConvTranspose2d", 2, 1 / 2),
    ("ConvTranspose2d", 4, 0),
    ("ConvTranspose2d", 8, 0),
    ("Conv2d", 8, 1),
):
    module = torch.nn.Sequential(getattr(torch.nn, kind)(8, 8, 2, 2, groups=groups, bias=False)).eval()
    x = torch.randn(1, 8, 14, 14)
    own = 8 * 8 // groups * 4 * (49 if kind == "Conv2d" else 196)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(x)
    reference = counter.get_total_flops() // 2
    with torch.no_grad():
        found = calculate_flops(module, args=[x], print_results=False, output_as_string=False)[1]
    print(f"{kind}(8, 8, 2, 2, groups={groups}): {own} by the formula, torch {reference}, calflops {found}")
    right.append(reference == own and found == own * share)
sys.exit(0 if all(right) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null | grep "by the formula"
