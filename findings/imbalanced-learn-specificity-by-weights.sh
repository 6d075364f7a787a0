#!/usr/bin/env bash
# imbalanced-learn 0.14.2, scikit-learn 1.9.1, numpy 2.4.6: the specificity with sample weights grows as the weights
# shrink.
#
# Expected: `specificity_score(..., sample_weight=w)` is the weight of the faces of other expressions that are rightly
#   not called this one, divided by the weight of all faces of other expressions: weights of 2 for every face, or of 1
#   / n, change nothing, as they change nothing for the sensitivity.
# Seen: what is right is counted from the number of faces where the rest is counted with weights: a specificity of
#   0.92 is 0.77 with weights of 2 and 0.99 with 0.2; with weights that add up to 1 it is nearly 1 whatever the
#   network does, and with 3 to 10 votes of each face as its weight it is between -6 and 5, without a warning. Where
#   the weights add up to the number of faces, as those that give each expression the same share, it is right. The
#   geometric mean of single expressions and `classification_report_imbalanced` are built on it.
# Source: imblearn/metrics/_classification.py, `sensitivity_specificity_support`: `tn_sum` starts from `y_true.size` (a
#   correction is open: github.com/scikit-learn-contrib/imbalanced-learn/pull/1181).
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet scikit-learn==1.9.1 numpy==2.4.6
"$place/env/bin/pip" install --quiet --no-deps imbalanced-learn==0.14.2 sklearn-compat==0.1.6
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from imblearn.metrics import (
    classification_report_imbalanced,
    geometric_mean_score,
    sensitivity_score,
    specificity_score,
)

# angry, disgust, fear, happy, sad, surprise, neutral
FACES = np.array([491, 55, 528, 879, 594, 416, 626])
generator = np.random.default_rng(0)
labels = np.repeat(np.arange(7), FACES)
guesses = generator.choice(7, size=len(labels), p=FACES / FACES.sum())
answers = np.where(generator.random(len(labels)) < 0.65, labels, guesses)


def own(weights):
    """Each expression's specificity and sensitivity by the definition."""
    found = []
    for c in range(7):
        other = labels != c
        right = other & (answers != c)
        hit = ~other & (answers == c)
        found.append((weights[right].sum() / weights[other].sum(), weights[hit].sum() / weights[~other].sum()))
    return np.array(found).T


cases = {
    "weights of 1": np.ones(len(labels)),
    "of 2": np.full(len(labels), 2.0),
    "of 0.2": np.full(len(labels), 0.2),
    "that add up to 1": np.full(len(labels), 1 / len(labels)),
    "by votes": generator.integers(3, 11, size=len(labels)).astype(float),
    "for equal shares": (len(labels) / 7 / FACES)[labels],
}
right, wrong = [], []
for name, weights in cases.items():
    options = {"average": None, "sample_weight": weights}
    specificity = specificity_score(labels, answers, **options)
    sensitivity = sensitivity_score(labels, answers, **options)
    expected = own(weights)
    middle = geometric_mean_score(labels, answers, **options)
    report = classification_report_imbalanced(labels, answers, sample_weight=weights, output_dict=True)
    print(f"{name}: specificity {specificity.round(3)}, by the definition {expected[0].round(3)}")
    print(f"  geometric mean {middle.round(3)}, by the definition {np.sqrt(expected.prod(axis=0)).round(3)}")
    right.append(bool(np.allclose(sensitivity, expected[1])) and abs(report["0"]["spe"] - specificity[0]) < 1e-9)
    wrong.append(float(np.abs(specificity - expected[0]).max()))
print("furthest off:", ", ".join(f"{name} {off:.3f}" for name, off in zip(cases, wrong)))
sys.exit(0 if all(right) and max(wrong[0], wrong[-1]) < 1e-9 and min(wrong[1:-1]) > 0.05 and wrong[4] > 1 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
