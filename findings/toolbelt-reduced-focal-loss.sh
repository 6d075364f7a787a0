#!/usr/bin/env bash
# pytorch-toolbelt 0.8.0, torch 2.13.0: the reduced focal loss of CrossEntropyFocalLoss does not reduce easy faces' loss.
#
# Expected: `reduced_threshold=0.5` is the reduced focal loss (Sergievskiy and Ponamarev, 2019): a face whose class gets
#   less than 0.5 keeps its whole loss, and the surer the network is beyond that, the less a face counts,
#   ((1 - p) / 0.5) ** gamma. BinaryFocalLoss of the same package does that.
# Seen: the other way round: all faces with p above 0.5 keep their whole loss, p = 0.95 as well, which should count a
#   hundredth, and hard ones count up to four times. The easy faces that the loss shall silence are as loud as without it.
# Source: pytorch_toolbelt/losses/functional.py, `softmax_focal_loss_with_logits`: `pt` is 1 - p there, and is compared with
#   the threshold as p.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy scipy opencv-python-headless
"$place/env/bin/pip" install --quiet --no-deps pytorch-toolbelt==0.8.0
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# only needed for boxes, and large
for name in ("torchvision", "torchvision.ops"):
    sys.modules[name] = MagicMock()

import numpy as np
import torch
from pytorch_toolbelt.losses import BinaryFocalLoss, CrossEntropyFocalLoss

GAMMA, THRESHOLD = 2.0, 0.5
p = torch.tensor([0.05, 0.2, 0.4, 0.6, 0.8, 0.95])


def factors(kind, **named):
    """By how much each face's loss is multiplied, beside the same loss without the focal term."""
    if kind is BinaryFocalLoss:
        logits, target = torch.logit(p)[:, None], torch.ones(len(p), 1)
    else:
        logits, target = torch.stack([p, 1 - p], dim=1).log(), torch.zeros(len(p), dtype=torch.long)
    with_it = kind(gamma=GAMMA, reduction="none", **named)(logits, target)
    return (with_it / kind(gamma=0.0, reduction="none")(logits, target)).flatten().numpy()


paper = torch.where(p < THRESHOLD, torch.ones(()), ((1 - p) / (1 - THRESHOLD)) ** GAMMA).numpy()
binary = factors(BinaryFocalLoss, reduced_threshold=THRESHOLD)
several = factors(CrossEntropyFocalLoss, reduced_threshold=THRESHOLD)
plain = factors(CrossEntropyFocalLoss)
for name, values in (("p", p.numpy()), ("paper", paper), ("BinaryFocalLoss", binary), ("CrossEntropyFocalLoss", several)):
    print(f"{name}: {values.round(3)}")
print(f"CrossEntropyFocalLoss without the threshold, (1 - p) ** gamma: {plain.round(3)}")
right = np.allclose(binary, paper, atol=1e-3) and np.allclose(plain, (1 - p.numpy()) ** GAMMA, atol=1e-3)
sys.exit(0 if right and several[-1] > 0.99 and several[0] > 3 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
