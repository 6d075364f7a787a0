#!/usr/bin/env bash
# pytorch-ood 0.4.0, torch 2.13.0: IILoss draws the centre of a class that is not in every batch to the origin.
#
# Expected: in training the loss keeps a running mean of each class's embeddings (Hassen and Chan, 2020), and in evaluation a
#   face's distances to those centres are its classification and its outlier score. For embeddings that no longer change
#   the centres are the classes' means, whatever the batches.
# Seen: the number of all batches so far counts for every class, also those without one of its faces, and the centre starts at
#   the origin. A class that comes first in batch k+1 starts at its mean divided by k+1. Of seven expressions as in FER2013
#   and batches of 16 the centre of disgust, 1.5 % of the faces, is at 0.79 of its mean after an epoch, on average over
#   shuffles, and the squared distance of its own faces to it is 3.6 instead of 0.8, as if they were strangers. With all
#   classes in each batch it is right.
# Source: pytorch_ood/model/centers.py, `RunningCenters.update`, has one `num_batches_tracked`.
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

# its data sets and models need pictures; the loss takes embeddings
for name in ("", ".transforms", ".transforms.functional", ".models", ".models.resnet", ".datasets", ".datasets.utils"):
    sys.modules["torchvision" + name] = MagicMock()

import torch
from pytorch_ood.loss import IILoss

NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FACES = torch.tensor([3995, 436, 4097, 7215, 4830, 3171, 4965]) // 4
WIDTH, SHUFFLES = 8, 20
torch.manual_seed(0)
labels = torch.repeat_interleave(torch.arange(7), FACES)
embeddings = torch.randn(7, WIDTH)[labels] * 3 + 0.3 * torch.randn(len(labels), WIDTH)
means = torch.stack([embeddings[labels == c].mean(dim=0) for c in range(7)])


def epoch(size):
    """The loss after all faces in shuffled batches of such a size."""
    criterion = IILoss(n_classes=7, n_embedding=WIDTH)
    for part in torch.randperm(len(labels)).split(size):
        criterion(embeddings[part], labels[part])
    return criterion.eval()


def share(criterion):
    """How far along its mean each centre is: 1 is right."""
    return (criterion.centers.centers * means).sum(dim=1) / means.square().sum(dim=1)


def expected_share(size):
    """A running mean with a count of its own for each class: its batches' means."""
    parts, answer = torch.randperm(len(labels)).split(size), []
    for c in range(7):
        of_class = [embeddings[p][labels[p] == c].mean(dim=0) for p in parts if (labels[p] == c).any()]
        answer.append(float(torch.stack(of_class).mean(dim=0) @ means[c] / means[c].square().sum()))
    return torch.tensor(answer)


small = [epoch(16) for _ in range(SHUFFLES)]
large = [epoch(1024) for _ in range(SHUFFLES)]
shares = {n: torch.stack([share(c) for c in group]).mean(dim=0) for n, group in (("16", small), ("1024", large))}
own = expected_share(16)
for c, name in enumerate(NAMES):
    values = float(shares["16"][c]), float(own[c]), float(shares["1024"][c])
    print("{}: centre at {:.3f} of its mean with batches of 16, own {:.3f}; {:.3f} of 1024".format(name, *values))
far = [torch.stack([c.distance(embeddings[labels == 1])[:, 1].mean() for c in group]).mean() for group in (small, large)]
print(f"disgusted faces' mean squared distance to their centre: {far[0]:.2f} with batches of 16, {far[1]:.2f} of 1024")
right = (shares["1024"] - 1).abs().max() < 0.02 and (own - 1).abs().max() < 0.02 and abs(shares["16"][3] - 1) < 0.02
sys.exit(0 if right and shares["16"][1] < 0.85 and far[0] > 3 * far[1] else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
