#!/usr/bin/env bash
# sort-track 0.0.8, filterpy 2.0.0, numpy 2.4.6, scipy 1.17.1: a track keeps the class and score of its first detection.
#
# Expected: each row that `SortTracker.update` takes has a box, a score and a class, and each that it returns has the
#   box, the track's number, class and score: the class and score of the detection that the track took in this frame.
# Seen: they are those of the first frame for as long as the track lives. A face that is neutral (class 6) for two
#   frames of twenty and then happy (3) is neutral in all rows, and its score stays at 0.55 while the detector's rises
#   to 0.93; what is drawn on the video or counted by class is the first answer twenty times.
# Source: sort/tracker.py, `SortTracker.update` hands the whole row to `KalmanBoxTracker.update`, which takes only the
#   box from it; `conf` and `cls` are set in `__init__` alone.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1
"$place/env/bin/pip" install --quiet --no-deps filterpy==2.0.0 sort-track==0.0.8
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# parts of filterpy draw pictures
for name in ("matplotlib", "matplotlib.pyplot", "matplotlib.patches"):
    sys.modules[name] = MagicMock()

import numpy as np
from sort import SortTracker

FRAMES, NEUTRAL, HAPPY = 20, 6, 3
tracker, found = SortTracker(), []
for frame in range(FRAMES):
    score, expression = 0.55 + 0.02 * frame, NEUTRAL if frame < 2 else HAPPY
    rows = tracker.update(np.array([[100.0 + 2 * frame, 100, 160, 180, score, expression]]), None)
    for _, _, _, _, number, kind, sure in rows:
        found.append((frame, int(number), int(kind), float(sure), expression, score))
        if frame in (0, 1, 2, 10, 19):
            print(f"frame {frame}: track {number:.0f}, class {kind:.0f} at {sure:.2f};", end=" ")
            print(f"the detection has {expression} at {score:.2f}")
numbers, kinds, scores = ({row[i] for row in found} for i in (1, 2, 3))
happy = sum(row[4] == HAPPY for row in found), sum(row[2] == HAPPY for row in found)
print(f"{len(found)} rows of {len(numbers)} track: {happy[0]} of happy detections, {happy[1]} of them say so")
sys.exit(0 if len(found) == FRAMES and len(numbers) == 1 and kinds == {NEUTRAL} and scores == {0.55} else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
