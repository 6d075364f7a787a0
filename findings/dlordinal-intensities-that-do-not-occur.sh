#!/usr/bin/env bash
# dlordinal 2.7.0, numpy 2.4.6, scikit-learn 1.9.1: an intensity that does not occur brings its neighbours together.
#
# Expected: `amae` and `mmae` average the absolute errors within each class (Baccianella et al., 2009), and an error
#   from 0 to 4 is one of 4. `accuracy_off1` allows errors of one class; of all faces those are right whose error is
#   at most 1.
# Seen: errors are counted in places among the classes that occur. Where a test has faces of intensity 0 and 4 only,
#   each confusion of the two is an error of 1: AMAE is 0.25 instead of 1, and accuracy_off1, unless it is told
#   `labels`, takes them for neighbours: 1.00 instead of 0.75. It also leaves out a face that is given an intensity
#   that no face of the test has, as if it had not been there: 1.0 where half of the answers are two classes off.
#   `amae` and `mmae` have no `labels`.
# Source: dlordinal/metrics/metrics.py: `confusion_matrix(y_true, y_pred)` without labels in `amae` and `mmae`, and
#   with those of `y_true` in `accuracy_off1`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.9.1
"$place/env/bin/pip" install --quiet --no-deps dlordinal==2.7.0
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from dlordinal.metrics import accuracy_off1, amae, mmae


def own(true, found):
    """AMAE, MMAE and the share of errors of at most 1, by the definition."""
    errors = np.abs(true - found)
    within = [errors[true == c].mean() for c in np.unique(true)]
    return np.mean(within), np.max(within), np.mean(errors <= 1)


cases = {
    # five intensities, 0 to 4
    "all of them occur": ([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], [0, 1, 1, 3, 2, 2, 3, 0, 4, 4]),
    "only 0 and 4 occur": ([0, 0, 0, 0, 4, 4, 4, 4], [4, 0, 0, 0, 0, 4, 4, 4]),
    "3 occurs in the answers only": ([0, 0, 1, 1], [0, 3, 3, 1]),
}
results = {}
for name, (true, found) in cases.items():
    true, found = np.array(true), np.array(found)
    theirs = amae(true, found), mmae(true, found), accuracy_off1(true, found)
    told = accuracy_off1(true, found, labels=range(5))
    results[name] = np.array(theirs), np.array(own(true, found)), told
    print("{}: AMAE {:.2f}, MMAE {:.2f}, accuracy_off1 {:.2f}".format(name, *theirs), end="")
    print("; by the definition {:.2f}, {:.2f}, {:.2f}".format(*own(true, found)), end="")
    print(f"; accuracy_off1 with its labels {told:.2f}")
right = np.allclose(*results["all of them occur"][:2])
right = right and all(np.isclose(told, own[2]) for _, own, told in results.values())
few, answers = results["only 0 and 4 occur"], results["3 occurs in the answers only"]
wrong = np.allclose(few[0], (0.25, 0.25, 1)) and np.allclose(few[1], (1, 1, 0.75))
wrong = wrong and np.isclose(answers[0][2], 1) and np.isclose(answers[1][2], 0.5) and answers[0][0] < answers[1][0]
sys.exit(0 if right and wrong else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
