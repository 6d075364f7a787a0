#!/usr/bin/env bash
# trackeval 1.3.0, numpy 2.4.6, scipy 1.17.1: the track of a face that is alone in a video is never interrupted.
#
# Expected: `Frag` of CLEAR counts how often the track of a face is interrupted and goes on later (Milan et al., 2016,
#   MOT16). A face that is followed, lost, followed, lost and followed again has two, whatever else there is in the
#   picture.
# Seen: it has none, if nothing else is tracked in the frames in which it is lost, as in a video of one person. With a
#   false alarm in a corner of these frames it has the two. The more false alarms a tracker has, the more interruptions
#   it seems to have: trackers are ranked by something else. Misses, hits and false alarms are right.
# Source: trackeval/metrics/clear.py, `eval_sequence`, goes on to the next frame where there are no tracks, and leaves
#   `prev_timestep_tracker_id` as it was in the last frame that had any.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1
"$place/env/bin/pip" install --quiet --no-deps trackeval==1.3.0
cat > "$place/try.py" <<'PYTHON'
import sys
from itertools import pairwise
from unittest.mock import MagicMock

# its readers of data sets and its plots need these; the metrics do not
for name in ("cv2", "matplotlib", "matplotlib.pyplot", "PIL", "pycocotools", "pycocotools.mask", "tabulate"):
    sys.modules[name] = MagicMock()

import numpy as np
from trackeval.metrics import CLEAR

FACE, ALARM = 0, 1


def evaluate(seen, alarm):
    """A face that is in all frames and is tracked in some, with or without a false alarm while it is not."""
    tracks = [[FACE] * s + [ALARM] * (alarm and not s) for s in seen]
    data = {
        "num_gt_dets": len(seen),
        "num_tracker_dets": sum(map(len, tracks)),
        "num_gt_ids": 1,
        "num_tracker_ids": 2,
        "num_timesteps": len(seen),
        "gt_ids": [np.array([FACE])] * len(seen),
        "tracker_ids": [np.array(ids, dtype=int) for ids in tracks],
        "similarity_scores": [np.array([[0.9 if i == FACE else 0.0 for i in ids]]) for ids in tracks],
    }
    found = CLEAR({"PRINT_CONFIG": False}).eval_sequence(data)
    return {name: int(found[name]) for name in ("Frag", "CLR_TP", "CLR_FN", "CLR_FP")}


right, frags = [], []
for seen in ([True] * 20, [True] * 5 + [False] * 5 + [True] * 10, ([True] * 5 + [False] * 5) * 2 + [True] * 5):
    # how often it is found again after a loss
    own = sum(not before and after for before, after in pairwise(seen))
    lost = seen.count(False)
    for alarm in (False, True):
        found = evaluate(seen, alarm)
        right.append(tuple(found.values())[1:] == (len(seen) - lost, lost, lost * alarm))
        frags.append((found["Frag"], own))
        name = "a false alarm meanwhile" if alarm else "nothing else"
        print(f"face lost in {lost} of {len(seen)} frames, {name}: {found}; interrupted {own} times")
sys.exit(0 if all(right) and frags == [(0, 0), (0, 0), (0, 1), (1, 1), (0, 2), (2, 2)] else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
