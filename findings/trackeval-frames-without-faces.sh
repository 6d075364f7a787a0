#!/usr/bin/env bash
# trackeval 1.3.0, numpy 2.4.6, scipy 1.17.1: the frames of a video without a face do not count, its false alarms do.
#
# Expected: `FP_per_frame` over several videos is the number of false alarms divided by the number of all frames.
# Seen: a video without any face adds its false alarms and no frames, and one in which nothing was tracked adds no
#   frames either. One video of 10 frames has a face and 10 false alarms, another of 90 frames has no face and 10 false
#   alarms: 2.00 false alarms a frame, in place of 0.20, more than any single video has; the 90 frames without a face
#   are missing from `CLR_Frames`. As one video of the same 100 frames it is 0.20.
# Source: trackeval/metrics/clear.py, `eval_sequence`, answers at once where there is no face or no track, before it
#   sets `CLR_Frames`; `combine_sequences` adds up what is there.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1
"$place/env/bin/pip" install --quiet --no-deps trackeval==1.3.0
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# its readers of data sets and its plots need these; the metrics do not
for name in ("cv2", "matplotlib", "matplotlib.pyplot", "PIL", "pycocotools", "pycocotools.mask", "tabulate"):
    sys.modules[name] = MagicMock()

import numpy as np
from trackeval.metrics import CLEAR

FACE, ALARM = 0, 1
HALL = [([FACE], [FACE, ALARM])] * 10  # each frame: the faces that are there, and what is tracked
EMPTY = [([], [ALARM])] * 10 + [([], [])] * 80
MISSED = [([FACE], [])] * 20


def evaluate(frames):
    data = {
        "num_gt_dets": sum(len(there) for there, _ in frames),
        "num_tracker_dets": sum(len(tracked) for _, tracked in frames),
        "num_gt_ids": 1 if any(there for there, _ in frames) else 0,
        "num_tracker_ids": 2,
        "num_timesteps": len(frames),
        "gt_ids": [np.array(there, dtype=int) for there, _ in frames],
        "tracker_ids": [np.array(tracked, dtype=int) for _, tracked in frames],
        "similarity_scores": [
            np.array([[float(a == b) for b in tracked] for a in there]).reshape(len(there), len(tracked))
            for there, tracked in frames
        ],
    }
    return CLEAR({"PRINT_CONFIG": False}).eval_sequence(data)


found = {}
for name, videos in {
    "the hall": [HALL],
    "the hall, and an empty room": [HALL, EMPTY],
    "the hall, and a face that was never found": [HALL, MISSED],
    "the hall and the empty room as one video": [HALL + EMPTY],
}.items():
    apart = {str(i): evaluate(video) for i, video in enumerate(videos)}
    together = CLEAR({"PRINT_CONFIG": False}).combine_sequences(apart)
    frames = sum(map(len, videos))
    alarms = sum(ALARM in tracked for video in videos for _, tracked in video)
    found[name] = float(together["FP_per_frame"]), alarms / frames, int(together["CLR_FP"]) == alarms
    print(f"{name}: {found[name][0]:.2f} false alarms a frame, of {int(together['CLR_Frames'])} frames; "
          f"{alarms} in {frames} frames are {found[name][1]:.2f}")
wrong = [abs(theirs - own) > 0.01 for theirs, own, _ in found.values()]
sys.exit(0 if wrong == [False, True, True, False] and all(count for *_, count in found.values()) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
