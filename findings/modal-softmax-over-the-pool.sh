#!/usr/bin/env bash
# modAL-python 0.4.2.1, skorch 1.4.0, torch 2.13.0, numpy 2.4.6, scikit-learn 1.9.1: with dropout the chances of all
# faces of the pool together add up to 1.
#
# Expected: the query strategies by dropout (BALD, mean deviation, variation ratio; Gal et al., 2017) turn the
#   network's values into probabilities, a softmax for each face, in each of the passes. What a face scores does not
#   depend on what else is in the pool.
# Seen: the softmax runs over all values of a forward pass, classes and faces. Of 400 faces each has 1/400 of the
#   probability on average, those with the largest values most of it, and seven of the ten faces that BALD asks for
#   are others. The score of a face changes with the pool: 20 faces have 0.058 on average alone and 0.005 among 400,
#   by the definition 0.44 in both. With one face per pass (`sample_per_forward_pass=1`) it is right.
# Source: modAL/dropout.py, `get_predictions`: the values that are not NaN are picked by a mask, which makes one row
#   of them, before the softmax over the last axis.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 scikit-learn==1.9.1 pandas==3.1.1 skorch==1.4.0
"$place/env/bin/pip" install --quiet --no-deps modAL-python==0.4.2.1
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import torch
from modAL.dropout import get_predictions, mc_dropout_bald
from modAL.models import ActiveLearner
from skorch import NeuralNetClassifier
from torch import nn

CLASSES, CYCLES, ASKED = 7, 40, 10
torch.manual_seed(0)
network = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, CLASSES))
with torch.no_grad():
    network[3].weight *= 6
classifier = NeuralNetClassifier(network, criterion=nn.CrossEntropyLoss, train_split=None, verbose=0).initialize()
learner = ActiveLearner(estimator=classifier)
network = classifier.module_
pool = torch.randn(400, 16)


def own(faces, size):
    """BALD by the definition, with the same dropped units: the entropy of the mean less the mean of the entropies."""
    torch.manual_seed(1)
    network.train()
    with torch.no_grad():
        passes = [torch.cat([network(part).softmax(dim=1) for part in faces.split(size)]) for _ in range(CYCLES)]
    network.eval()
    passes = torch.stack(passes).double().numpy()

    def entropy(p):
        return -np.sum(p * np.log(np.maximum(p, 1e-300)), axis=-1)

    return passes, entropy(passes.mean(axis=0)) - entropy(passes).mean(axis=0)


def found(faces, size):
    """The package's probabilities, and its scores of all faces in their order."""
    told = {"sample_per_forward_pass": size}
    torch.manual_seed(1)
    passes = np.stack(get_predictions(learner, faces, num_predictions=CYCLES, **told))
    torch.manual_seed(1)
    which, scores = mc_dropout_bald(learner, faces, n_instances=len(faces), num_cycles=CYCLES, **told)
    return passes, scores[np.argsort(which)]


def best(scores):
    return set(np.argsort(-scores)[:ASKED].tolist())


results = {}
for name, faces, size in (
    ("400 faces", pool, 1000),
    ("20 of them", pool[:20], 1000),
    ("400 faces, one per pass", pool, 1),
):
    (theirs, score), (mine, expected) = found(faces, size), own(faces, size)
    common = len(best(score) & best(expected))
    results[name] = theirs.sum(axis=2).mean(), common, np.corrcoef(score, expected)[0, 1], np.abs(mine - theirs).max()
    print(
        "{}: probabilities of a face add up to {:.4f} (1 expected), {} of {} queried faces as by the definition, "
        "scores correlate by {:.2f}".format(name, results[name][0], common, ASKED, results[name][2])
    )
alone, among = found(pool[:20], 1000)[1], found(pool, 1000)[1][:20]
mine = [own(pool[:20], 1000)[1], own(pool, 1000)[1][:20]]
first = [int(np.argmax(s)) for s in (alone, among)]
print(f"the first 20 faces: their mean score {alone.mean():.4f} alone, {among.mean():.4f} in the pool of 400;", end=" ")
print(f"by the definition {mine[0].mean():.4f}, {mine[1].mean():.4f}")
wrong = all(abs(results[n][0] - 1 / k) < 1e-4 for n, k in (("400 faces", 400), ("20 of them", 20)))
wrong = wrong and results["400 faces"][1] <= 5 and among.mean() < alone.mean() / 4
steady = abs(mine[0].mean() - mine[1].mean()) < 0.2 * mine[0].mean()
right = results["400 faces, one per pass"]
right = abs(right[0] - 1) < 1e-5 and right[1] == ASKED and right[3] < 1e-4
sys.exit(0 if wrong and steady and right else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
