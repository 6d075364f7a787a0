#!/usr/bin/env bash
# motrackers 0.1.1, numpy 2.4.6, scipy 1.17.1: IOUTracker does not use its two thresholds of the confidence.
#
# Expected: "min_detection_confidence: Threshold for minimum detection confidence", 0.4 if not given, and
#   "max_detection_confidence: Threshold for max. detection confidence", 0.7: as in the tracker it follows (Bochinski et
#   al., 2017) a detection below the first is not used, and a track none of whose detections reaches the second is no
#   track.
# Seen: whatever is given, all answers are the same: boxes of a confidence of 0.05 start tracks of their own, 60 tracks
#   in a video with one face, where one is left if the doubtful boxes are taken away beforehand.
# Source: motrackers/iou_tracker.py, `IOUTracker.update` never looks at the two attributes.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1
"$place/env/bin/pip" install --quiet --no-deps motrackers==0.1.1
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# drawing and asking for files need these, tracking does not
for name in ("cv2", "ipyfilechooser"):
    sys.modules[name] = MagicMock()

import numpy as np
from motrackers import IOUTracker

generator = np.random.default_rng(0)
FRAMES = 20
# one sure face, and in each frame three doubtful boxes elsewhere
videos = []
for frame in range(FRAMES):
    doubtful = np.column_stack([generator.uniform(300, 900, (3, 2)), np.full((3, 2), 40)])
    boxes = np.vstack([[[100, 100, 60, 60]], doubtful])
    videos.append((boxes, np.array([0.95, 0.05, 0.1, 0.2])))


def tracks(low, high):
    """The numbers of all tracks that are reported, and the lowest confidence of any."""
    tracker, numbers, sure = IOUTracker(min_detection_confidence=low, max_detection_confidence=high), set(), []
    for boxes, scores in videos:
        for row in tracker.update(boxes, scores, np.zeros(len(boxes), int)):
            numbers.add(row[1])
            sure.append(float(row[6]))
    return len(numbers), min(sure)


def only(low):
    """The same with the doubtful boxes taken away beforehand."""
    tracker, numbers = IOUTracker(), set()
    for boxes, scores in videos:
        kept = scores >= low
        numbers |= {row[1] for row in tracker.update(boxes[kept], scores[kept], np.zeros(kept.sum(), int))}
    return len(numbers)


found = []
for low, high in ((0.0, 0.0), (0.4, 0.7), (0.9, 0.99)):
    found.append(tracks(low, high))
    print("thresholds {} and {}: {} tracks, the least sure of {}".format(low, high, *found[-1]), end="; ")
    print(f"with boxes below {low} taken away beforehand {only(low)}")
sys.exit(0 if len(set(found)) == 1 and found[0][0] > 40 and found[0][1] == 0.05 and only(0.4) == 1 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
