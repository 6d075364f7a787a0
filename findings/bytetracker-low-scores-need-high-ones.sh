#!/usr/bin/env bash
# bytetracker 0.3.2, lap 0.5.13, numpy 2.4.6, scipy 1.17.1: doubtful detections are used only where there are as many
#   sure ones.
#
# Expected: ByteTrack (Zhang et al., 2022) goes on with its tracks in a second round with the detections of a low score,
#   each of them: a face that is half hidden for some frames, with a score of 0.3, keeps its track and has a row in each
#   frame.
# Seen: of the doubtful detections only as many are kept as there are sure ones in the same frame. Where the only face
#   becomes doubtful it has no row until it is sure again, as if the second round did not exist; with another, sure face
#   far away in the picture it has one in each frame. Of two doubtful faces beside one sure the second is dropped.
# Source: bytetracker/byte_tracker.py, `BYTETracker.update`: `clss_second` is taken with the index of the sure ones, and
#   `zip` of it and the doubtful boxes ends with the shorter.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1 lap==0.5.13
"$place/env/bin/pip" install --quiet --no-deps bytetracker==0.3.2
cat > "$place/try.py" <<'PYTHON'
import sys
import types

import numpy as np

# of torch it needs only that a tensor has `numpy()`
sys.modules["torch"] = types.ModuleType("torch")
sys.modules["torch"].Tensor = type("Tensor", (), {})

from bytetracker import BYTETracker
from bytetracker.basetrack import BaseTrack


class Rows(np.ndarray):
    """An array with a tensor's method."""

    def numpy(self):
        return np.asarray(self)


FRAMES, HIDDEN = 12, range(4, 8)
PLACES = {"face": (100, 100, 160, 180), "neighbour": (300, 100, 360, 180), "sure face": (600, 300, 660, 380)}


def seen(names, doubtful):
    """The frames in which the first two have a row, where some are doubtful for four frames."""
    BaseTrack._count = 0
    tracker, found = BYTETracker(track_thresh=0.45, frame_rate=30), {name: [] for name in names}
    for frame in range(FRAMES):
        scores = [0.3 if name in doubtful and frame in HIDDEN else 0.9 for name in names]
        rows = np.array([[*PLACES[name], score, 0.0] for name, score in zip(names, scores)]).view(Rows)
        for row in tracker.update(rows, None):
            for name in names:
                if abs(row[0] - PLACES[name][0]) < 20:
                    found[name].append(frame)
    return found


alone = seen(["face"], ["face"])
beside = seen(["face", "sure face"], ["face"])
crowd = seen(["face", "neighbour", "sure face"], ["face", "neighbour"])
for name, found in (("alone", alone), ("beside a sure face", beside), ("two beside one sure face", crowd)):
    for who, frames in found.items():
        print(f"{name}: the {who} has rows in frames {str(frames)[1:-1]}; expected all {FRAMES}")
every = list(range(FRAMES))
gap = [frame for frame in every if frame not in HIDDEN]
right = beside == {"face": every, "sure face": every} and crowd["face"] == crowd["sure face"] == every
sys.exit(0 if right and alone["face"] == gap and crowd["neighbour"] == gap else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
