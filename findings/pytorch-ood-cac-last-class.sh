#!/usr/bin/env bash
# pytorch-ood 0.4.0, torch 2.13.0: CACLoss does not keep the other classes' faces away from the last class.
#
# Expected: class anchor clustering (Miller et al., 2021) adds log(1 + sum over the other classes of exp(d_y - d_c)) to the
#   distance to the own anchor, as the documentation has it, so that a face near any wrong anchor costs.
# Seen: the last class is in no face's sum, and the face's own class is, as a 1 too many. The gradient for the last anchor is 0
#   for all faces of other classes, and an angry face close to the anchor of neutral costs 10.8 where it is 19.1 close to
#   any other (both should cost 19.1). For faces of the last class the loss is right.
# Source: pytorch_ood/loss/cac.py, `forward`, counts the others from 0 to C - 2 and changes that for `target == n_classes`,
#   which no label is.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy scipy==1.17.1
"$place/env/bin/pip" install --quiet --no-deps pytorch-ood==0.4.0
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# its data sets and models need pictures; the loss takes distances
for name in ("", ".transforms", ".transforms.functional", ".models", ".models.resnet", ".datasets", ".datasets.utils"):
    sys.modules["torchvision" + name] = MagicMock()

import numpy as np
import torch
from pytorch_ood.loss import CACLoss

CLASSES, FACES = 7, 700
NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
torch.manual_seed(0)
criterion = CACLoss(n_classes=CLASSES, magnitude=3)
labels = torch.arange(FACES) % CLASSES


def own(distances, labels):
    """Mean over the faces, by the documentation's formula."""
    d, total = distances.detach().double().numpy(), 0.0
    for face, y in zip(d, labels.tolist()):
        total += face[y] + np.log1p(sum(np.exp(face[y] - face[c]) for c in range(CLASSES) if c != y))
    return total / len(d)


def loss(points, labels):
    return criterion(criterion.distance(points), labels)


points = (3 * torch.eye(CLASSES)[labels] + torch.randn(FACES, CLASSES)).requires_grad_()
distances = criterion.distance(points).detach().requires_grad_()
criterion(distances, labels).backward()
found, exact = {}, {}
for c, name in enumerate(NAMES):
    of_class = labels == c
    found[c] = float(distances.grad[~of_class, c].abs().max())
    exact[c] = float(criterion(distances[of_class], labels[of_class])) - own(distances[of_class], labels[of_class])
    print(f"{name}: largest gradient of other faces for its anchor {found[c]:.1e}; its own faces' loss {exact[c]:+.4f} off")
turned = loss(points.roll(1, dims=1), (labels + 1) % CLASSES)
print(f"all: {loss(points, labels):.4f}, with the last class first {turned:.4f}; own {own(distances, labels):.4f} for both")

# an angry face three quarters of the way to another anchor
onto = {}
for c in (1, 6):
    there = (0.75 * torch.eye(CLASSES)[0] + 2.25 * torch.eye(CLASSES)[c])[None]
    label = torch.zeros(1, dtype=torch.long)
    onto[c] = float(loss(there, label)), own(criterion.distance(there), label)
    print(f"an angry face close to the anchor of {NAMES[c]}: {onto[c][0]:.4f}, own {onto[c][1]:.4f}")
others = min(found[c] for c in range(6)) > 1e-6 and abs(exact[6]) < 1e-4
differ = min(abs(exact[c]) for c in range(6)) > 1e-3 and abs(float(turned) - float(loss(points, labels))) > 1e-4
sys.exit(0 if found[6] == 0 and others and differ and onto[6][0] < onto[6][1] - 5 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
