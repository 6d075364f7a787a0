#!/usr/bin/env bash
# filterpy 2.0.0, numpy 2.4.6, scipy 1.17.1: FadingMemoryFilter of order 1 has its speed's variance without the time
#   step.
#
# Expected: `P` is "the diagonal of the covariance matrix", for a variance of one of the measurements: for order 1 that
#   of the speed is 2 (1 - b)^3 / ((1 + b)^3 dt^2), as the formula in the book it cites, and as follows from the
#   filter's own two equations. `e[0]`, times a_2, is the place's lag behind a parabola: 2 dt^2 (b / (1 - b))^2.
# Seen: `P` is the same whatever the step, as if that were 1. At 30 frames per second a landmark's speed is said to have
#   a deviation of 0.05 pixels per second for each pixel of the detector's, and has one of 1.57, thirty times as much.
#   `e[0]` is 2 / dt times too large, 60 times at 30 frames per second and twice for a step of 1. Order 2 has the step
#   in its `P`.
# Source: filterpy/memory/fading_memory.py, `FadingMemoryFilter.__init__`, the branch of order 1.
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
from filterpy.memory import FadingMemoryFilter

BETA = 0.8


def spread(order, step):
    """The variances of the filter's place, speed, ... from one measurement to the next, by its own answers."""
    powers, total = [], np.zeros(order + 1)
    tracker = FadingMemoryFilter(0.0, step, order, BETA)
    # the filter is linear: the answer to a single measurement of 1 says how much of each one is in the state
    for frame in range(400):
        tracker.update(1.0 if frame == 0 else 0.0)
        powers.append(np.array(tracker.x))
    return (np.array(powers) ** 2).sum(axis=0)


def behind(step):
    """How far the place is behind t^2 after a long time."""
    tracker = FadingMemoryFilter(0.0, step, 1, BETA)
    for frame in range(2000):
        place = (frame * step) ** 2
        tracker.update(place)
    return float(place - tracker.x[0])


right, wrong = [], []
for step in (1.0, 1 / 30, 2.0):
    said, true = np.array(FadingMemoryFilter(0.0, step, 1, BETA).P), spread(1, step)
    book = 2 * (1 - BETA) ** 3 / ((1 + BETA) ** 3 * step**2)
    second = np.array(FadingMemoryFilter(0.0, step, 2, BETA).P), spread(2, step)
    late, lag = float(FadingMemoryFilter(0.0, step, 1, BETA).e[0]), behind(step)
    print(f"a step of {step:.4f}: variance of the speed {said[1]:.6f}, by the filter's answers {true[1]:.6f};", end=" ")
    print(f"e[0] {late:.4f}, the true lag {lag:.4f}")
    right.append(np.isclose(true[1], book) and np.isclose(said[0], true[0]) and np.allclose(*second, rtol=0.01))
    right.append(np.isclose(lag, 2 * step**2 * (BETA / (1 - BETA)) ** 2, rtol=1e-3))
    wrong.append(np.isclose(said[1] / true[1], step**2) and np.isclose(late / lag, 2 / step, rtol=1e-3))
sys.exit(0 if all(right) and all(wrong) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
