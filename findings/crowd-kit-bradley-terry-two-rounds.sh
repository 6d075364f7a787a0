#!/usr/bin/env bash
# crowd-kit 1.4.2, numpy 2.4.6, pandas 3.1.1: BradleyTerry stops after its second round, whatever `n_iter` and `tol`.
#
# Expected: it fits the model of Bradley and Terry to pairs ("which of these two faces smiles more?") with the rounds
#   of Hunter (2004), `n_iter` of them, or until the scores change by less than `tol`. So many rounds give the scores
#   of the largest likelihood, whose gradient is 0.
# Seen: from the second round on scores are those of round two, with `n_iter` 100 as with 10000 and with `tol` 0.1 as
#   with 1e-12, without a warning. Of faces in a row of intensity, each compared with its neighbours, the strongest
#   has 0.19 in place of 0.50, and the likelihood is far from its largest. `n_iter=1` is right for one round and 2 for
#   two.
# Source: crowdkit/aggregation/pairwise/bradley_terry.py, `fit`: `p_old = p_new` is the same array, so what comes next
#   is compared with itself.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1 attrs nltk tqdm
"$place/env/bin/pip" install --quiet --no-deps crowd-kit==1.4.2
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import pandas as pd
from crowdkit.aggregation import BradleyTerry

FACES, PAIRS = 8, 60
strength = np.exp(0.7 * np.arange(FACES))
wins = np.zeros((FACES, FACES), int)
for i in range(FACES - 1):
    # neighbours are compared 60 times, and the stronger wins as often as the model says
    wins[i + 1, i] = round(PAIRS * strength[i + 1] / (strength[i] + strength[i + 1]))
    wins[i, i + 1] = PAIRS - wins[i + 1, i]
names = [f"face {i}" for i in range(FACES)]
rows = [
    ("annotator", names[i], names[j], names[i])
    for i in range(FACES)
    for j in range(FACES)
    for _ in range(wins[i, j])
]
votes = pd.DataFrame(rows, columns=["worker", "left", "right", "label"])


def own(rounds):
    """Rounds of p_i = w_i / sum_j n_ij / (p_i + p_j), each divided by the sum."""
    p = np.ones(FACES)
    for _ in range(rounds):
        p = wins.sum(axis=1) / ((wins + wins.T) / (p[:, None] + p)).sum(axis=1)
        p = p / p.sum()
    return p


def slope(p):
    """The largest slope of the log likelihood, by the logarithms of the scores."""
    return float(np.abs(wins.sum(axis=1) - ((wins + wins.T) * p[:, None] / (p[:, None] + p)).sum(axis=1)).max())


def found(**options):
    return BradleyTerry(**options).fit_predict(votes)[names].to_numpy()


print("by the definition:", own(10000).round(4), f"slope {slope(own(10000)):.1e}")
print("true:", (strength / strength.sum()).round(4))
two, right = own(2), bool(np.allclose(found(n_iter=1), own(1)))
for options in ({"n_iter": 2}, {"n_iter": 100}, {"n_iter": 10000, "tol": 1e-12}, {"n_iter": 10000, "tol": 0.1}):
    scores = found(**options)
    print(options, scores.round(4), f"slope {slope(scores):.1f}")
    right = right and bool(np.allclose(scores, two))
print("own after two rounds:", two.round(4))
wrong = np.abs(two - own(10000)).max() > 0.2 and slope(two) > 5 and slope(own(10000)) < 1e-3
sys.exit(0 if right and wrong else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
