#!/usr/bin/env bash
# norfair 2.3.0, numpy 1.26.4, filterpy 1.4.5: the tracker is as sure after twenty frames without a face as after one.
#
# Expected: a Kalman filter's uncertainty grows with each predicted frame, and what is seen after a gap counts for more.
#   The default `OptimizedKalmanFilterFactory` "creates faster filters than FilterPyKalmanFilterFactory", with R, Q and
#   the initial variances as parameters: with the same ones both say the same.
# Seen: with a detection in each frame they do, to the last digit. A gap is nothing to the faster one: a face that has
#   moved by 100 pixels comes out at 68 whether it was last seen one frame or 21 frames ago, where the other, and
#   the formulas, say 68 and 99.9. After each blink of the detector boxes and landmarks trail behind.
# Source: norfair/filter.py, `OptimizedKalmanFilter.predict`, moves the position alone; the variances wait for `update`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==1.26.4 filterpy==1.4.5 rich
"$place/env/bin/pip" install --quiet --no-deps norfair==2.3.0
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from norfair import Detection, Tracker
from norfair.filter import FilterPyKalmanFilterFactory, OptimizedKalmanFilterFactory

R, P = 4.0, 10.0
FAST = OptimizedKalmanFilterFactory(R=R, Q=1, pos_variance=1, vel_variance=P)
SLOW = FilterPyKalmanFilterFactory(R=R, Q=1, P=P)  # 1 and P are the variances that it begins with
STILL, MOVED = np.array([[0.0, 0.0]]), np.array([[100.0, 0.0]])


def place_of(factory, gap, before=40):
    """Where a point is said to be that stood still, was not seen for some frames and is seen 100 pixels further."""
    tracker = Tracker(lambda detection, known: 0.0, distance_threshold=1, hit_counter_max=100, filter_factory=factory,
                      initialization_delay=0)
    for _ in range(before):
        tracker.update([Detection(STILL)])
    for _ in range(gap):
        tracker.update([])
    return float(tracker.update([Detection(MOVED)])[0].estimate[0, 0])


def own(gap, before=40):
    """The textbook's filter of a place and a speed, for one coordinate."""
    state, cov, step = np.zeros(2), np.diag([1.0, P]), np.array([[1.0, 1.0], [0.0, 1.0]])
    for frame in range(1, before + gap + 1):
        state, cov = step @ state, step @ cov @ step.T + np.eye(2)
        if frame < before or frame == before + gap:
            gain = cov[:, 0] / (cov[0, 0] + R)
            state = state + gain * ((0 if frame < before else MOVED[0, 0]) - state[0])
            cov = cov - np.outer(gain, cov[0])
    return float(state[0])


right, still = [], set()
for gap in (0, 1, 5, 20):
    fast, slow, book = place_of(FAST, gap), place_of(SLOW, gap), own(gap)
    texts = f"{fast:.1f} with the fast filter, {slow:.1f} with the other, by the formulas {book:.1f}"
    print(f"{gap} frames without it: at {texts}")
    still.add(round(fast, 3))
    right.append(abs(slow - book) < 0.01 and (abs(fast - book) < 0.01) == (gap == 0))
sys.exit(0 if all(right) and len(still) == 1 and own(20) > 99 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
