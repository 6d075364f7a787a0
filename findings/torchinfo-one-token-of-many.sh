#!/usr/bin/env bash
# torchinfo 1.8.0, torch 2.13.0: of a Linear layer on tokens the multiply-adds of one token are counted.
#
# Expected: a Linear layer computes every token of a picture, so that it has `pictures * tokens * in * out`
#   multiply-adds, as the same layer written as a convolution with a kernel of one pixel has. torchinfo says that it
#   counts those of "the full tensor", and torch's own FlopCounterMode counts them.
# Seen: those of a single token are counted for each picture, without a warning: of 49 tokens, the pixels of a map of
#   7 x 7, the layer has a 49th of its multiply-adds, and a network of such layers seems as much smaller.
#   Convolutions, and a Linear layer on `(pictures, features)`, are right.
# Source: torchinfo/layer_info.py, `calculate_macs`, multiplies the number of weights by the first axis of what comes
#   out; for convolutions it multiplies by the others, too (a correction is in the repository and not in a release:
#   github.com/TylerYep/torchinfo/pull/318).
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 torchinfo==1.8.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import torch
from torch.utils.flop_counter import FlopCounterMode
from torchinfo import summary

one = torch.nn.Linear(32, 64, bias=False)
two = torch.nn.Sequential(one, torch.nn.GELU(), torch.nn.Linear(64, 32, bias=False))
convolution = torch.nn.Conv2d(32, 64, 1, bias=False)
right = []
for name, module, shape, own, share in (
    ("Linear(32, 64)", one, (2, 49, 32), 2 * 49 * 32 * 64, 49),
    ("Linear(32, 64)", one, (2, 7, 7, 32), 2 * 49 * 32 * 64, 49),
    ("Linear(32, 64), GELU, Linear(64, 32)", two, (2, 49, 32), 2 * 49 * 32 * 64 * 2, 49),
    ("Linear(32, 64)", one, (98, 32), 2 * 49 * 32 * 64, 1),
    ("Conv2d(32, 64, 1)", convolution, (2, 32, 7, 7), 2 * 49 * 32 * 64, 1),
):
    x = torch.zeros(shape)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module.eval()(x)
    found = summary(module, input_data=x, verbose=0).total_mult_adds
    reference = counter.get_total_flops() // 2
    print(f"{name} of {shape}: {own} by the formula, torch {reference}, torchinfo {found}")
    right.append(reference == own and found * share == own)
sys.exit(0 if all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" 2>/dev/null
