#!/usr/bin/env bash
# filterpy 2.0.0, numpy 2.4.6, scipy 1.17.1: FixedLagSmoother does not give the estimate from the measurements up to the
#   lag.
#
# Expected: "for a lag N, the fixed-lag smoother computes the state estimate for time k-N based on all measurements made
#   between times k-N and k": for a linear model with normal noise this is a definite number, that of a Kalman filter up
#   to k and a Rauch-Tung-Striebel smoother back to k-N. Being the best estimate it is nearer to the truth than the
#   filter's.
# Seen: for a landmark's place and speed, measured in each frame, the smoothed places are another series. With a lag of
#   1 they are farther from the truth than the filter's own estimates, which use less; with a lag of 8 in a quick
#   movement hardly anything of the gain is left. Neither a lag of N nor of N-1 explains them.
# Source: filterpy/kalman/fixed_lag_smoother.py, `smooth_batch` and `smooth`: P and K are those after the measurement
#   where the recursion needs the predicted P, and F - K H stands where F - F K H should be.
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
from filterpy.kalman import FixedLagSmoother

FRAMES = 1000
F, H, R = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]]), np.array([[4.0]])
SHAPE, START = np.array([[1 / 3, 1 / 2], [1 / 2, 1.0]]), 10 * np.eye(2)


def walk(strength):
    """A landmark's places and speeds, and what a detector measures of the places."""
    generator = np.random.default_rng(0)
    root, state, states = np.linalg.cholesky(strength * SHAPE), np.zeros((2, 1)), []
    for _ in range(FRAMES):
        state = F @ state + root @ generator.normal(size=(2, 1))
        states.append(state)
    states = np.array(states)
    return states, H @ states + np.sqrt(R) * generator.normal(size=(FRAMES, 1, 1))


def own(measured, Q, lag):
    """The estimates of a Kalman filter, and with all measurements up to `lag` frames later."""
    state, P, steps = np.zeros((2, 1)), START, []
    for z in measured:
        before, wide = F @ state, F @ P @ F.T + Q
        gain = wide @ H.T @ np.linalg.inv(H @ wide @ H.T + R)
        state, P = before + gain @ (z - H @ before), wide - gain @ H @ wide
        steps.append((state, P, before, wide))
    later = []
    for k in range(FRAMES):
        end = min(k + lag, FRAMES - 1)
        state = steps[end][0]
        for j in range(end - 1, k - 1, -1):
            at, P, _, _ = steps[j]
            _, _, before, wide = steps[j + 1]
            state = at + P @ F.T @ np.linalg.inv(wide) @ (state - before)
        later.append(state)
    return np.array([step[0] for step in steps]), np.array(later)


right, found = [], {}
for name, strength in (("slow", 0.01), ("quick", 0.5)):
    truth, measured = walk(strength)

    def off(places):
        """The root mean squared distance to the true places, without the ends."""
        return float(np.sqrt(np.mean((places - truth)[30:-30, 0] ** 2)))

    for lag in (1, 2, 8):
        smoother = FixedLagSmoother(dim_x=2, dim_z=1)
        smoother.F, smoother.H, smoother.R, smoother.P = F, H, R, START
        smoother.Q = strength * SHAPE
        smoothed, filtered = smoother.smooth_batch(measured, N=lag)
        alone, best = own(measured, strength * SHAPE, lag)
        one_less = own(measured, strength * SHAPE, lag - 1)[1]
        found[name, lag] = off(smoothed), off(filtered), off(best), off(one_less)
        line = "{} movement, lag {}: smoothed {:.3f} from the truth, filtered {:.3f},"
        print(line.format(name, lag, *found[name, lag]))
        print("    by the definition {:.3f}, with a lag one less {:.3f}".format(*found[name, lag][2:]))
        right.append(np.allclose(filtered, alone) and found[name, lag][2] < found[name, lag][1])
worse = all(found[name, 1][0] > found[name, 1][1] * 1.02 for name in ("slow", "quick"))
apart = all(smoothed > 1.05 * max(best, less) for (_, lag), (smoothed, _, best, less) in found.items() if lag > 2)
sys.exit(0 if all(right) and worse and apart else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
