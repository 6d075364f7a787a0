#!/usr/bin/env bash
# norfair 2.3.0, numpy 1.26.4, filterpy 1.4.5: a landmark's first sight counts by half.
#
# Expected: points with a score below `detection_threshold` are ignored, "useful for cases in which detections don't
#   always have every point present", and one that is seen for the first time starts where it is seen, in x and in y,
#   whatever the other points do.
# Seen: of five landmarks of a face the nose is hidden in the first frame, which the detector says with (0, 0) and a
#   score of 0, and seen from the second on. If the right corner of the mouth is hidden in the second, the nose is said
#   to be at 74 % of its x, which is where the filter gets with a jump from the corner of the picture, and off for
#   frames. If the left eye is hidden it is 74 % of its y. With everything else seen, or another point hidden, both are
#   right at once.
# Source: norfair/tracker.py, `TrackedObject.hit`: `now_detected_mask` has all points once for each coordinate, one
#   after the other, where the state and the mask beside it have the coordinates of a point next to each other.
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

NAMES = ("left eye", "right eye", "nose", "left corner of the mouth", "right corner of the mouth")
FACE = np.array([[300.0, 200.0], [360.0, 200.0], [330.0, 240.0], [305.0, 270.0], [355.0, 270.0]])
NOSE = 2


def nose(hidden):
    """Where the nose of a face that stands still is said to be, from the second frame on, by what is hidden in each."""
    more = {"initialization_delay": 0, "detection_threshold": 0.5}
    tracker = Tracker(lambda detection, known: 0.0, distance_threshold=1, **more)
    answer = []
    for which in hidden:
        scores = np.array([0.0 if name in which else 1.0 for name in NAMES])
        points = np.where(scores[:, None] > 0.5, FACE, 0.0)  # hidden points come as (0, 0)
        known = tracker.update([Detection(points, scores=scores)])
        answer.append(known[0].estimate[NOSE])
    return np.array(answer[1:])


found = {}
for other in (None, "left eye", "right eye", "left corner of the mouth", "right corner of the mouth"):
    found[other] = nose([("nose",), (other,), (), ()])
    texts = "; ".join("{:.0f}, {:.0f}".format(*point) for point in found[other])
    print(f"second frame without {other or 'nothing'}: nose at {texts}; expected {FACE[NOSE].round().tolist()}")
shares = {other: (points[0] / FACE[NOSE]).round(3).tolist() for other, points in found.items()}
low = shares["left eye"][1]
print(f"share of the way in the second frame: {low}")
expected = {other: [1, 1] for other in found} | {"left eye": [1, low], "right corner of the mouth": [low, 1]}
sys.exit(0 if shares == expected and 0.7 < low < 0.78 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
