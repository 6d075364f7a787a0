#!/usr/bin/env bash
# norfair 2.3.0, numpy 1.26.4, filterpy 1.4.5: the doubt of a face's first place goes to its speed.
#
# Expected: the parameter P of `FilterPyKalmanFilterFactory` is the "multiplier for the initial covariance matrix
#   estimation, only in the entries that correspond to position (not speed) variables". With a large P the second
#   detection corrects a bad first one, with hardly any speed; `OptimizedKalmanFilterFactory(pos_variance=P,
#   vel_variance=1)` does so.
# Seen: P multiplies the entries of the speed and leaves those of the position at 1. With P=1000 a face that is at 0 in
#   the first frame, at 30 in the second and stays there takes the 30 for a speed and is at 60 when the third frame
#   comes, where it should be at 30: what was meant to calm the start throws the box ahead, further than with any
#   smaller P.
# Source: norfair/filter.py, `FilterPyKalmanFilterFactory.create_filter`: `filter.P[dim_z:, dim_z:]` is the speed's
#   part.
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

R = Q = 1.0
FIRST, LATER = np.array([[0.0, 0.0]]), np.array([[30.0, 0.0]])


def third(factory):
    """Where the point is expected in the third frame, before it is seen there."""
    more = {"initialization_delay": 0, "filter_factory": factory}
    tracker = Tracker(lambda detection, known: 0.0, distance_threshold=1, **more)
    for points in (FIRST, LATER):
        tracker.update([Detection(points)])
    return float(tracker.update([])[0].estimate[0, 0])


def own(place, speed):
    """The textbook's filter of a place and a speed, with such variances to begin with."""
    step = np.array([[1.0, 1.0], [0.0, 1.0]])
    cov = step @ np.diag([place, speed]) @ step.T + Q * np.eye(2)
    state = cov[:, 0] / (cov[0, 0] + R) * LATER[0, 0]
    return float((step @ state)[0])


right, found = [], {}
for p in (1.0, 10.0, 1000.0):
    found[p] = third(FilterPyKalmanFilterFactory(R=R, Q=Q, P=p))
    fast = third(OptimizedKalmanFilterFactory(R=R, Q=Q, pos_variance=p, vel_variance=1))
    as_said, turned = own(p, 1), own(1, p)
    print(f"P={p:.0f}: expects the face at {found[p]:.1f}; by its description {as_said:.1f}, by P for the speed "
          f"{turned:.1f}; the other filter with pos_variance={p:.0f}: {fast:.1f}")
    right.append(abs(found[p] - turned) < 0.01 and abs(fast - as_said) < 0.01 and (p == 1 or turned > as_said + 10))
sys.exit(0 if all(right) and found[1000.0] > 59 and own(1000, 1) < 31 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
