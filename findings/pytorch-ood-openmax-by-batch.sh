#!/usr/bin/env bash
# pytorch-ood 0.4.0, torch 2.13.0, scipy 1.17.1: OpenMax's score of a face depends on the other faces of the batch.
#
# Expected: OpenMax (Bendale and Boult, 2016) lowers a face's `alpha` highest activations by its distances to the centres of
#   those classes, and what was taken away is the activation of the unknown class. A face has one score, alone or not.
# Seen: only the classes that some face of the batch is predicted to be have distances; to the others it is 0, as if the face
#   lay on their centre. Alone only one activation of seven is lowered. A face that gets 0.90 among 400 gets 0.05 alone, and
#   of faces of no expression 79 % are more likely unknown than not in one batch, 13 % where they come one by one, as from a
#   camera. With one sure face of each class beside it every face gets its right score.
# Source: pytorch_ood/detector/openmax/numpy.py, `predict`, fills the distances for `np.unique(labels)` of the batch.
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

# its data sets and models need pictures; the detector takes logits
for name in ("", ".transforms", ".transforms.functional", ".models", ".models.resnet", ".datasets", ".datasets.utils"):
    sys.modules["torchvision" + name] = MagicMock()

import numpy as np
import torch
from pytorch_ood.detector import OpenMax

CLASSES, FACES = 7, 200
torch.manual_seed(0)


def logits(labels, height):
    """One or more classes in front, whose numbers are in a row of `labels`."""
    return torch.randn(len(labels), CLASSES).scatter_add(1, labels, torch.full(labels.shape, float(height)))


labels = torch.randint(CLASSES, (3500,))
detector = OpenMax(None).fit_logits(logits(labels[:, None], 6), labels)
known = logits(torch.randint(CLASSES, (FACES, 1)), 6)
# those of no expression: half as high, two of them
unknown = logits(torch.stack([torch.randperm(CLASSES)[:2] for _ in range(FACES)]), 3)
faces = torch.cat([known, unknown])


def own(values):
    """The paper's algorithm 2 with the fitted centres and Weibull distributions, face by face."""
    fitted, scores = detector._openmax, []
    for face in values.double().numpy():
        order = np.argsort(face)[::-1]
        lowered = np.zeros(CLASSES)
        for rank, c in enumerate(order):
            distance = np.linalg.norm(face - fitted.centers[c])
            lowered[c] = face[c] * (CLASSES - rank) / CLASSES * fitted.distributions[c].w_score(distance)
        parts = np.exp(np.concatenate([[lowered.sum()], face - lowered]))
        scores.append(parts[0] / parts.sum())
    return np.array(scores)


def flagged(scores):
    """The shares of the known and of the unknown faces that are more likely unknown than not."""
    return float((scores[:FACES] > 0.5).mean()), float((scores[FACES:] > 0.5).mean())


# one face that is surely of its class, of each class
sure = 12 * torch.eye(CLASSES)
ways = {
    "together": detector.predict_logits(faces).numpy(),
    "each with a sure one of each class": np.array(
        [float(detector.predict_logits(torch.cat([face[None], sure]))[0]) for face in faces]
    ),
    "alone": np.array([float(detector.predict_logits(face[None])[0]) for face in faces]),
}
expected = own(faces)
print("own: {:.3f} of the known and {:.3f} of the unknown faces are flagged".format(*flagged(expected)))
apart, above = {}, {}
for name, scores in ways.items():
    apart[name], above[name] = float(np.abs(scores - expected).max()), flagged(scores)
    print("{}: at most {:.4f} from own, {:.3f} and {:.3f}".format(name, apart[name], *above[name]))
most = int(np.argmax(np.abs(ways["alone"] - expected)))
print(f"the worst: {ways['together'][most]:.3f} together, {ways['alone'][most]:.3f} alone")
right = max(apart["together"], apart["each with a sure one of each class"]) < 1e-4
sys.exit(0 if right and apart["alone"] > 0.5 and above["together"][1] - above["alone"][1] > 0.3 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
