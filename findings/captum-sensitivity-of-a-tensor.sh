#!/usr/bin/env bash
# captum 0.9.0, torch 2.13.0: `sensitivity_max` fails for an explanation function that returns a tensor.
#
# Expected: its type is Callable[..., Tensor or tuple of tensors], and captum's other functions treat the two alike, so
#   the same map gives the same sensitivity either way.
# Seen: in a tuple it works. As a tensor it ends in "The size of tensor a ... must match the size of tensor b": the map of
#   the picture without noise is not put into a tuple, as the noisy ones' maps are, but taken apart along its first axis.
# Source: captum/metrics/_core/sensitivity.py, `expl_inputs` in `sensitivity_max`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 captum==0.9.0
cat > "$place/try.py" <<'PYTHON'
import sys

import torch
from captum.metrics import sensitivity_max

weights = torch.linspace(-1, 1, 27).reshape(3, 3, 3)


def heat(pictures):
    """(B, 3, 3, 3) -> (B, 3, 3), as a Grad-CAM has it."""
    pictures = pictures[0] if isinstance(pictures, tuple) else pictures
    return (pictures * weights).sum(dim=1)


pictures = torch.arange(54.0).reshape(2, 3, 3, 3) / 54
torch.manual_seed(0)
print("in a tuple:", sensitivity_max(lambda some: (heat(some),), pictures, n_perturb_samples=4))
torch.manual_seed(0)
try:
    print("as a tensor:", sensitivity_max(heat, pictures, n_perturb_samples=4))
except RuntimeError as error:
    print("as a tensor: RuntimeError:", error)
    sys.exit(0)
sys.exit(1)
PYTHON
"$place/env/bin/python" "$place/try.py"
