#!/usr/bin/env bash
# dlordinal 2.7.0, torch 2.13.0, numpy 2.4.6: the reduction of MCEAndWKLoss changes nothing.
#
# Expected: `MCEAndWKLoss(reduction=...)` adds C times the weighted kappa loss, one number, and 1 - C times the
#   squared error of each class, `MCELoss`, which is reduced as told: "mean", "sum" over the classes, or with "none"
#   "a tensor of shape (num_classes,) containing the per-class loss".
# Seen: all three give the mean, one number, also where "none" should be a loss for each intensity that one could
#   weigh or look at. With "sum" the part of the squared errors counts a fifth of what it should with five
#   intensities. The reduction is checked for its spelling, and kept. `MCELoss` by itself is right.
# Source: dlordinal/losses/mcewkloss.py, `__init__`: makes `MCELoss(num_classes, weight=weight, use_logits=...)`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 sympy deprecated
"$place/env/bin/pip" install --quiet --no-deps dlordinal==2.7.0
cat > "$place/try.py" <<'PYTHON'
import sys

import torch
from dlordinal.losses import MCEAndWKLoss, MCELoss

FACES, INTENSITIES, C = 64, 5, 0.3
torch.manual_seed(0)
values, labels = torch.randn(FACES, INTENSITIES), torch.arange(FACES) % INTENSITIES
probs, true = values.softmax(dim=1), torch.nn.functional.one_hot(labels, INTENSITIES).float()
# both losses by the definition
by_class = (probs - true).square().mean(dim=0)
far = (torch.arange(INTENSITIES)[:, None] - torch.arange(INTENSITIES)).square() / (INTENSITIES - 1) ** 2
kappa = (far * (probs.T @ true)).sum() / (far * (probs.sum(dim=0)[:, None] * true.sum(dim=0))).sum() * FACES
wrong, right = [], []
for reduction, reduced in (("mean", by_class.mean()), ("sum", by_class.sum()), ("none", by_class)):
    own = C * kappa + (1 - C) * reduced
    found = MCEAndWKLoss(INTENSITIES, C=C, reduction=reduction, use_logits=True)(values, labels)
    alone = MCELoss(INTENSITIES, reduction=reduction, use_logits=True)(values, labels)
    told = [round(x, 4) for x in found.reshape(-1).tolist()], [round(x, 4) for x in own.reshape(-1).tolist()]
    print(f"{reduction}: MCEAndWKLoss {told[0]}, by the definition {told[1]}")
    same = found.shape == own.shape and torch.allclose(found, own, atol=1e-5)
    wrong.append(not same and torch.allclose(found, C * kappa + (1 - C) * by_class.mean(), atol=1e-5))
    right.append(torch.allclose(alone, reduced, atol=1e-6) and (same or wrong[-1]))
sys.exit(0 if wrong == [False, True, True] and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
