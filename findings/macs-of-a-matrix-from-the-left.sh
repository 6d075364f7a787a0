#!/usr/bin/env bash
# fvcore 0.1.5.post20221221, ptflops 0.7.5 (backend "pytorch"), torch 2.13.0: the multiply-adds of a matrix that is
# multiplied from the left are those of one map.
#
# Expected: `matmul(a, x)` with one matrix `(V, V)` for all maps of `(N, C, V, T)`, as a graph of landmarks, a filter
#   over rows or a cosine transform has it, is `N * C * V * V * T` multiply-adds, as it is with a matrix for each map.
# Seen: both count `V * V * T`, without a warning: with 2 films and 16 channels a 32nd. From the right, where both
#   operands have all axes, it is right. torch's own FlopCounterMode is right in all cases.
# Source: fvcore/nn/jit_handles.py, `matmul_flop_jit`, and ptflops/pytorch_ops.py, `_matmul_tensor_flops_hook`,
#   multiply all sizes of the first operand by the last of the second, and do not look at what is broadcast.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 fvcore==0.1.5.post20221221 ptflops==0.7.5 numpy
cat > "$place/try.py" <<'PYTHON'
import contextlib
import io
import logging
import sys

import torch
from fvcore.nn import FlopCountAnalysis
from ptflops import get_model_complexity_info
from torch.utils.flop_counter import FlopCounterMode

logging.basicConfig(level=logging.WARNING, stream=sys.stdout)
shape = (2, 16, 20, 9)


class Product(torch.nn.Module):
    def __init__(self, side: str):
        super().__init__()
        self.side = side
        self.matrix = torch.nn.Parameter(torch.randn(*(9, 9) if side == "right" else (20, 20)))

    def forward(self, x):
        if self.side == "right":
            return torch.matmul(x, self.matrix)
        if self.side == "left, one matrix for each map":
            return torch.matmul(self.matrix.expand(2, 16, 20, 20), x)
        return torch.matmul(self.matrix, x)


right = []
for side, own, share in (
    ("left", 2 * 16 * 20 * 20 * 9, 32),
    ("left, one matrix for each map", 2 * 16 * 20 * 20 * 9, 1),
    ("right", 2 * 16 * 20 * 9 * 9, 1),
):
    module, x = Product(side).eval(), torch.randn(shape)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(x)
    torch_count = counter.get_total_flops() // 2
    said = io.StringIO()
    with torch.no_grad(), contextlib.redirect_stdout(said):
        analysis = FlopCountAnalysis(module, x)
        fvcore_count, left_out = int(analysis.total()), analysis.unsupported_ops()
        given = {"input_constructor": lambda size: {"x": torch.randn(shape)}, "as_strings": False}
        given |= {"print_per_layer_stat": False, "backend": "pytorch"}
        ptflops_count = int(get_model_complexity_info(module, shape[1:], **given)[0])
    counts = f"torch {torch_count}, fvcore {fvcore_count}, ptflops {ptflops_count}"
    print(f"from the {side}: {own} by the formula, {counts}; operators that fvcore left out: {dict(left_out)}")
    unsupported = [name for name in left_out if "matmul" in name]
    right.append(torch_count == own and not unsupported and fvcore_count * share == ptflops_count * share == own)
sys.exit(0 if all(right) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
