#!/usr/bin/env bash
# tract 0.23.9, onnx 1.23.2, onnxruntime 1.32.0, torch 2.13.0: Celu falls to -1 whatever its alpha.
#
# Expected: `torch.nn.CELU(alpha)` is max(0, x) + min(0, alpha * (exp(x / alpha) - 1)), so that it falls to -alpha, and is
#   exported as Celu with that alpha, as onnxruntime computes it.
# Seen: tract leaves out the factor in front: with alpha 0.5 what is negative is twice as large, with alpha 2 half, without an
#   error. With alpha 1, the default, it is right, and so is Elu with any alpha.
# Source: hir/src/ops/activations.rs of tract, `Celu`: x is divided by alpha, and the exponential less one is not multiplied
#   with it, as it is in `Elu` below.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet tract==0.23.9 onnx==1.23.2 onnxruntime==1.32.0 torch==2.13.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
import tract

warnings.filterwarnings("ignore")
file = sys.argv[1] + "/graph.onnx"
x = torch.randn(2, 6, 8, 8, generator=torch.Generator().manual_seed(0)) * 3


def apart(layer: torch.nn.Module) -> tuple[float, float, float]:
    """How far tract and onnxruntime are from numpy, and tract from the formula without the factor."""
    names = {"input_names": ["x"], "output_names": ["y"]}
    torch.onnx.export(layer, (x,), file, dynamo=False, opset_version=17, **names)
    a, negative = layer.alpha, np.minimum(x.numpy(), 0)
    bend = np.exp(negative / (a if isinstance(layer, torch.nn.CELU) else 1)) - 1
    expected, said = np.maximum(x.numpy(), 0) + a * bend, np.maximum(x.numpy(), 0) + bend
    assert [node.op_type for node in onnx.load(file).graph.node] == [type(layer).__name__.capitalize()]
    found = tract.onnx().load(file).into_model().into_runnable().run([x.numpy()])[0].to_numpy()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"x": x.numpy()})[0]
    return tuple(float(np.abs(one - other).max()) for one, other in ((found, expected), (theirs, expected), (found, said)))


wrong, right = [], []
for layer in (torch.nn.CELU(0.5), torch.nn.CELU(2.0), torch.nn.CELU(0.1), torch.nn.CELU(1.0), torch.nn.ELU(0.5)):
    ours, theirs, said = apart(layer.eval())
    print(f"{layer}: tract {ours:.1e} off, onnxruntime {theirs:.1e}, tract from the formula without the factor {said:.1e}")
    wrong.append(ours > 0.4 and said < 1e-5)
    right.append(theirs < 1e-5 and (wrong[-1] or ours < 1e-5))
sys.exit(0 if wrong == [True] * 3 + [False] * 2 and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" "$place"
