#!/usr/bin/env bash
# calflops 0.3.2, torch 2.13.0: of attention only what is written as `torch.matmul` is counted.
#
# Expected: the two products of an attention, queries by keys and weights by values, are `2 * pictures * tokens ** 2 *
#   width` multiply-adds, however they are written. calflops promises "any custom models via torch.nn.function.*", and
#   `scaled_dot_product_attention` is one of those; torch's own FlopCounterMode gives the same for all.
# Seen: with `@`, with `torch.bmm`, with `torch.einsum` and with `scaled_dot_product_attention` none of them is
#   counted, without a warning: what is left are the Linear layers, and of 196 tokens of width 32 that is a fifth.
#   With `torch.matmul` it is right.
# Source: calflops/pytorch_ops.py, `_patch_tensor_ops`, stands in for `torch.matmul`, `Tensor.matmul` and some more,
#   not for `Tensor.__matmul__` or `torch.bmm`; `_patch_functionals` has no scaled_dot_product_attention; einsum has
#   no MACs, only FLOPs.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 calflops==0.3.2 transformers==5.24.0 accelerate==1.15.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import torch
import torch.nn.functional as F
from calflops import calculate_flops
from torch.utils.flop_counter import FlopCounterMode

pictures, tokens, width = 2, 196, 32
ways = {
    "torch.matmul": lambda q, k, v: torch.matmul(torch.matmul(q, k.transpose(-1, -2)).softmax(-1), v),
    "@": lambda q, k, v: (q @ k.transpose(-1, -2)).softmax(-1) @ v,
    "torch.bmm": lambda q, k, v: torch.bmm(torch.bmm(q, k.transpose(-1, -2)).softmax(-1), v),
    "torch.einsum": lambda q, k, v: torch.einsum("bnm,bmd->bnd", torch.einsum("bnd,bmd->bnm", q, k).softmax(-1), v),
    "scaled_dot_product_attention": F.scaled_dot_product_attention,
}


class Attention(torch.nn.Module):
    def __init__(self, way: str):
        super().__init__()
        self.way, self.linear = way, torch.nn.Linear(width, 3 * width, bias=False)

    def forward(self, x):
        return ways[self.way](*self.linear(x).chunk(3, dim=-1))


linear, products = pictures * tokens * width * 3 * width, 2 * pictures * tokens**2 * width
wrong, right = [], []
for way in ways:
    module, x = Attention(way).eval(), torch.randn(pictures, tokens, width)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(x)
    torch_count = counter.get_total_flops() // 2
    with torch.no_grad():
        found = calculate_flops(module, args=[x], print_results=False, output_as_string=False)[1]
    print(f"{way}: {linear} of Linear and {products} of products, torch {torch_count}, calflops {found}")
    wrong.append(found == linear)
    right.append(torch_count == linear + products and (wrong[-1] or found == linear + products))
sys.exit(0 if wrong == [False] + [True] * 4 and all(right) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null | grep "of products"
