#!/usr/bin/env bash
# motrackers 0.1.1, numpy 2.4.6, scipy 1.17.1: a face that moves to the right is predicted lower, wider and higher, too.
#
# Expected: SORT here has a Kalman filter "with constant acceleration kinematic model" in which left, top, width and
#   height have nothing to do with each other: transition, noise and measurement keep them apart. A face that moves 8
#   pixels to the right in each frame and else does not change is predicted at the same height and of the same size.
# Seen: after the first step to the right it is expected 3 pixels lower, wider and higher than it ever was, two frames
#   later 3 pixels less, and the left edge is 14 pixels off where it should be 5. With each of the four numbers in a
#   filter of its own, of the same package and settings, top, width and height stay.
# Source: motrackers/kalman_tracker.py, `KFTrackerConstantAcceleration.__init__`: the first covariance is `np.ones` of
#   all states, so that the four start as perfectly correlated.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1
"$place/env/bin/pip" install --quiet --no-deps motrackers==0.1.1
cat > "$place/try.py" <<'PYTHON'
import copy
import sys
from unittest.mock import MagicMock

# drawing and asking for files need these, tracking does not
for name in ("cv2", "ipyfilechooser"):
    sys.modules[name] = MagicMock()

import numpy as np
from motrackers import SORT
from motrackers.kalman_tracker import KFTracker1D

tracker, alone = SORT(max_lost=3, iou_threshold=0.1), None
found, own = [], []
for frame in range(8):
    box = np.array([100.0 + 8 * frame, 100.0, 60.0, 80.0])
    tracker.update(box[None], np.array([0.9]), np.array([0]))
    if alone is None:
        alone = [KFTracker1D(box[i : i + 1], time_step=1) for i in range(4)]
        for part, value in zip(alone, box):
            part.update(np.array([value]))
    else:
        for part, value in zip(alone, box):
            part.predict()
            part.update(np.array([value]))
    # copies, so that looking ahead does not change the trackers
    found.append(copy.deepcopy(tracker.tracks[0]).predict())
    own.append(np.array([copy.deepcopy(part).predict()[0] for part in alone]))
    together, apart = (", ".join(f"{value:.2f}" for value in values) for values in (found[-1], own[-1]))
    print(f"after frame {frame}: expected next at {together};", end=" ")
    print(f"each number by itself {apart}; true {box[0] + 8:.0f}, 100, 60, 80")
found, own = np.array(found), np.array(own)
same = list(tracker.tracks) == [0] and np.allclose(own[:, 1:], (100, 60, 80)) and np.allclose(own[0], found[0])
moved = found[:, 1:] - (100, 60, 80)
print(f"top, width and height are off by {np.abs(moved).max():.2f} at most, by themselves 0")
sys.exit(0 if same and np.abs(moved).max() > 2 and np.allclose(moved, moved[:, :1]) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
