#!/usr/bin/env bash
# pytorch-metric-learning 2.9.0, torch 2.13.0, numpy 2.4.6, scikit-learn 1.9.1: SmoothAPLoss takes faces of other
# expressions for those of the same.
#
# Expected: the loss is 1 less the mean of the smoothed average precision (Brown et al., 2020): each face looks for
#   those of its own expression, and where all of them come first, the loss is 0. It takes the labels, asks for
#   equally many faces of each, and the order of a batch says nothing.
# Seen: the labels are counted and then not looked at. The batch is cut into blocks of as many faces as there are
#   classes, where it should be as many as each class has: with 7 expressions and 4 faces of each a block is of 7
#   faces, of two or three expressions, which the loss draws together. For embeddings that are all but perfect it is
#   0.32 instead of 0.000. With as many classes as faces of each it is right, if the batch is ordered by class;
#   shuffled, 0.47 instead of 0.
# Source: pytorch_metric_learning/losses/smooth_ap.py, `compute_loss`: `num_classes_batch` is the number of faces
#   divided by that of classes, and the `view` after it, by blocks, stands for the labels.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 scikit-learn==1.9.1 tqdm
"$place/env/bin/pip" install --quiet --no-deps pytorch-metric-learning==2.9.0
cat > "$place/try.py" <<'PYTHON'
import sys

import torch
from pytorch_metric_learning.losses import SmoothAPLoss
from torch.nn import functional

WIDTH, TEMPERATURE = 16, 0.01
torch.manual_seed(0)


def own(embeddings, labels):
    """By the definition: of each face, the mean over its own expression of a face's rank in it by its rank in all."""
    unit = functional.normalize(embeddings.double())
    similar = unit @ unit.T
    # (face, i, j): how much j comes before i when the face looks for others
    before = torch.sigmoid((similar[:, None, :] - similar[:, :, None]) / TEMPERATURE) * (1 - torch.eye(len(labels)))
    same = (labels[:, None] == labels).double()
    ranks = (1 + (before * same[:, None, :]).sum(dim=2)) / (1 + before.sum(dim=2))
    return float(1 - ((ranks * same).sum(dim=1) / same.sum(dim=1)).mean())


loss = SmoothAPLoss(temperature=TEMPERATURE)
results = []
for classes, each in ((4, 4), (7, 4), (8, 2), (2, 8)):
    labels = torch.arange(classes).repeat_interleave(each)
    embeddings = torch.randn(len(labels), WIDTH) + 2 * torch.randn(classes, WIDTH)[labels]
    mixed = torch.randperm(len(labels))
    found, shuffled = float(loss(embeddings, labels)), float(loss(embeddings[mixed], labels[mixed]))
    expected = own(embeddings, labels)
    assert abs(own(embeddings[mixed], labels[mixed]) - expected) < 1e-9
    results.append((found, shuffled, expected))
    print(f"{classes} expressions, {each} faces of each: {found:.4f}, shuffled {shuffled:.4f}", end="; ")
    print(f"by the definition {expected:.4f}")
right = abs(results[0][0] - results[0][2]) < 1e-4 and all(r[2] < 0.01 for r in results)
wrong = all(r[0] > 0.2 for r in results[1:]) and all(r[1] > 0.2 for r in results)
sys.exit(0 if right and wrong else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
