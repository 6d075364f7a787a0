#!/usr/bin/env bash
# pytorch-metric-learning 2.9.0, torch 2.13.0, numpy 2.4.6, scikit-learn 1.9.1: ThresholdConsistentMarginLoss
# compares a batch with itself where it is given a reference.
#
# Expected: every loss is called as `loss(embeddings, labels, ref_emb=..., ref_labels=...)` to compare the faces of
#   a batch with other ones, a second view or a gallery; those that cannot, raise. The loss is the mean by which
#   similar pairs fall short of 0.9 and the one by which others exceed 0.5 (Zhang et al., 2024).
# Seen: the pairs are chosen by both sets of labels, and then both faces of a pair are taken from the batch. The
#   reference may hold anything: copies of the batch, or noise, the loss is the same, and it has no gradient.
#   ContrastiveLoss, called the same way, is right, and without a reference this loss is right, too.
# Source: pytorch_metric_learning/losses/tcm_loss.py, `compute_loss`: `embeddings[p]` and `embeddings[n]`.
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
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import ContrastiveLoss, ThresholdConsistentMarginLoss
from torch.nn import functional

FACES, CLASSES, WIDTH = 28, 7, 16
torch.manual_seed(0)
labels = torch.arange(FACES) % CLASSES
other = labels[torch.randperm(FACES)]
middles = 2 * torch.randn(CLASSES, WIDTH)
batch = middles[labels] + torch.randn(FACES, WIDTH)


def own(one, one_labels, two, two_labels, itself):
    """By the definition; a face is no pair with itself where both sets are the same one."""
    similar = functional.normalize(one) @ functional.normalize(two).T
    same = one_labels[:, None] == two_labels
    near, far = (0.9 - similar).clamp(min=0), (similar - 0.5).clamp(min=0)
    pairs = same & ~torch.eye(FACES, dtype=torch.bool) if itself else same
    near, far = near[pairs & (similar <= 0.9)], far[~same & (similar >= 0.5)]
    return float(sum(x.mean() if len(x) else 0 for x in (near, far)))


loss = ThresholdConsistentMarginLoss()
plain = ContrastiveLoss(pos_margin=1, neg_margin=0, distance=CosineSimilarity())
alone = float(loss(batch, labels)), own(batch, labels, batch, labels, True)
print("without a reference: {:.4f}, by the definition {:.4f}".format(*alone))
found, expected, right, gradients = [], [], [], []
for name, reference in (
    ("faces like those of the batch", middles[other] + torch.randn(FACES, WIDTH)),
    ("noise", torch.randn(FACES, WIDTH)),
    ("the opposite of each face", -middles[other] + torch.randn(FACES, WIDTH)),
):
    reference.requires_grad_(True)
    value = loss(batch, labels, ref_emb=reference, ref_labels=other) + 0 * reference.sum()
    value.backward()
    found.append(float(value))
    gradients.append(float(reference.grad.abs().max()))
    expected.append(own(batch, labels, reference.detach(), other, False))
    similar = functional.normalize(batch) @ functional.normalize(reference.detach()).T
    same = labels[:, None] == other
    mine = (1 - similar)[same].clamp(min=0), similar[~same].clamp(min=0)
    mine = float(sum(x[x > 0].mean() for x in mine))
    theirs = float(plain(batch, labels, ref_emb=reference.detach(), ref_labels=other))
    right.append(abs(mine - theirs) < 1e-4)
    print(f"reference of {name}: {found[-1]:.4f}, by the definition {expected[-1]:.4f}", end="; ")
    print(f"gradient of the reference {gradients[-1]:.1e}; ContrastiveLoss {theirs:.4f}, by the definition {mine:.4f}")
wrong = max(found) - min(found) < 1e-6 and max(gradients) == 0 and max(expected) - min(expected) > 0.3
sys.exit(0 if wrong and all(right) and abs(alone[0] - alone[1]) < 1e-4 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
