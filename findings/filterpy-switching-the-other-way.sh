#!/usr/bin/env bash
# filterpy 2.0.0, numpy 2.4.6, scipy 1.17.1: IMMEstimator takes its transition matrix transposed to what it says.
#
# Expected: "M[i,j] is the probability of switching from filter j to filter i", so that each column is a distribution. A
#   face that rests and seldom starts to move (0.02 of the frames), and then mostly comes to rest again (0.30), is M =
#   [[0.98, 0.30], [0.02, 0.70]]; while the measurements tell nothing about which it is, the share of the moving filter
#   goes to 0.02 / 0.32 = 6 %.
# Seen: it stays at 50 % for ever, whatever such a matrix says, as even shares are what a matrix of that kind keeps when
#   it is read by rows; M transposed gives 6 %. With the symmetric matrices of the examples both readings are the same.
# Source: filterpy/kalman/IMM.py, `_compute_mixing_probabilities`: `cbar` is mu times M, that is from i to j; that it
#   does not sum to one then is made good by dividing.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1
"$place/env/bin/pip" install --quiet --no-deps filterpy==2.0.0
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# other parts of the package draw pictures
for name in ("matplotlib", "matplotlib.pyplot", "matplotlib.patches"):
    sys.modules[name] = MagicMock()

import numpy as np
from filterpy.kalman import IMMEstimator, KalmanFilter

# column: from, row: to, as the documentation says
DOCUMENTED = np.array([[0.98, 0.30], [0.02, 0.70]])
FRAMES = 60


def one():
    """A filter of a place and a speed."""
    answer = KalmanFilter(dim_x=2, dim_z=1)
    answer.F, answer.H = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    answer.Q *= 0.01
    return answer


def shares(matrix):
    """The probabilities of the two after many frames, for two filters that are the same and so equally likely."""
    bank = IMMEstimator([one(), one()], (0.5, 0.5), matrix)
    for _ in range(FRAMES):
        bank.predict()
        bank.update(np.array([[0.0]]))
    return bank.mu


expected = np.array([0.5, 0.5])
for _ in range(FRAMES):
    expected = DOCUMENTED @ expected
assert np.allclose(expected, (0.30 / 0.32, 0.02 / 0.32))
given, turned = shares(DOCUMENTED), shares(DOCUMENTED.T)
equal = shares(np.array([[0.9, 0.1], [0.1, 0.9]]))
print(f"resting and moving, M as documented: {given[0]:.3f} and {given[1]:.3f}")
print(f"M transposed: {turned[0]:.3f} and {turned[1]:.3f}")
print(f"by the chain of the documentation: {expected[0]:.3f} and {expected[1]:.3f}")
print(f"with a symmetric M: {equal[0]:.3f} and {equal[1]:.3f}, expected 0.500 and 0.500")
right = np.allclose(turned, expected, atol=1e-6) and np.allclose(equal, 0.5)
sys.exit(0 if right and np.allclose(given, 0.5) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
