#!/usr/bin/env bash
# modAL-python 0.4.2.1, numpy 2.4.6, scikit-learn 1.9.1: to break ties by chance makes SVM_binary_minimum ask for
# the surest face.
#
# Expected: `SVM_binary_minimum`, for pictures with several labels (action units, mixed emotions), asks for the face
#   that is next to the border of one of the labels' support vector machines (Brinker, 2006), and
#   `random_tie_break=True` only says who comes first where two are as near: "can be used to break the tie".
# Seen: with it the face is asked for that is farthest from all borders, the one of which most is known. Without any
#   tie the two answers should be the same. The other strategies keep to their order.
# Source: modAL/multilabel.py, `SVM_binary_minimum`: `np.argmin` in one branch, `shuffled_argmax` in the other.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.9.1 pandas==3.1.1
"$place/env/bin/pip" install --quiet --no-deps modAL-python==0.4.2.1
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from modAL.models import ActiveLearner
from modAL.multilabel import SVM_binary_minimum, min_confidence
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

UNITS = 5
generator = np.random.default_rng(0)
seen = generator.normal(size=(80, 12))
units = (seen[:, :UNITS] + 0.3 * generator.normal(size=(80, UNITS)) > 0).astype(int)
pool = generator.normal(size=(300, 12))
machines = OneVsRestClassifier(SVC(kernel="linear", probability=True, random_state=0))
learner = ActiveLearner(estimator=machines, X_training=seen, y_training=units)
# by the definition: the distance to the nearest of the borders, all of them different
distances = np.abs(np.stack([m.decision_function(pool) for m in learner.estimator.estimators_], axis=1)).min(axis=1)
assert len(np.unique(distances)) == len(pool)


def place(answer):
    """How many of the pool are nearer to a border than the face that is asked for."""
    first = np.ravel(answer[0] if isinstance(answer, tuple) else answer)[0]
    return int((distances < distances[first]).sum())


plain = place(SVM_binary_minimum(learner, pool))
ties = [place(SVM_binary_minimum(learner, pool, random_tie_break=True)) for _ in range(5)]
print(f"nearer to a border than the face that is asked for, of 300: {plain} without random_tie_break, with it {ties}")
print(f"distance of the nearest face {distances.min():.4f}, of the farthest {distances.max():.4f}")
other = [int(np.ravel(min_confidence(learner, pool, random_tie_break=t)[0])[0]) for t in (False, True)]
print(f"min_confidence asks for face {other[0]} without, {other[1]} with random_tie_break")
sys.exit(0 if plain == 0 and ties == [299] * 5 and other[0] == other[1] else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
