#!/usr/bin/env bash
# uniface 4.2.1: to reset the tracker of one video loses faces of another.
#
# Expected: each `BYTETracker` follows the faces of one video, and `reset`, "Reset tracker state", between two videos is
#   its own affair. A new face has a number from its second frame on, and a number is one person's.
# Seen: the numbers are counted for all trackers together, and a reset of any sets the count to 0. In another video that
#   is still running a new face then gets a number that is taken and is dropped without a word, once for each number so
#   far: with 20 faces in view the 21st is not followed for 21 frames instead of 1. Where the one with that number is
#   just hidden, the newcomer has that number, and whoever was hidden is somebody else when seen again.
# Source: uniface/tracking/bytetrack/basetrack.py, `reset_id`, sets `BaseTrack._count`, that of the class; tracker.py,
#   `_joint_stracks`, leaves out a track whose number it knows.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet "uniface[cpu]==4.2.1"
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from uniface.tracking import BYTETracker


def frame(tracker, faces):
    """The number of each face in a frame with these faces, each at a place of its own."""
    boxes = [[100 * face, 0, 100 * face + 60, 60, 0.9] for face in faces]
    return {round(row[0] / 100): int(row[4]) for row in tracker.update(np.array(boxes).reshape(-1, 5))}


def two_videos(people):
    """Two trackers, of which the first has seen so many people for a while."""
    hall, door = BYTETracker(), BYTETracker()
    hall.reset()
    for _ in range(5):
        numbers = frame(hall, range(people))
        frame(door, [0])
    return hall, door, numbers


waits, numbers_of = {}, {}
for reset in (False, True):
    hall, door, _ = two_videos(20)
    if reset:
        door.reset()
    waits[reset] = next(wait for wait in range(60) if 20 in frame(hall, range(21)))
    hall, door, before = two_videos(3)
    if reset:
        door.reset()
    for faces in ((1, 2), (1, 2), (1, 2, 7), (1, 2, 7), (1, 2, 7)):  # 0 is hidden, then 7 comes in
        after = frame(hall, faces)
    frame(hall, (0, 1, 2, 7))
    again = frame(hall, (0, 1, 2, 7))
    numbers_of[reset] = before[0], after.get(7), again.get(0)
    name = "the other one is reset" if reset else "both go on"
    print(f"{name}: a 21st face is followed after {waits[reset]} frames; a hidden face had number {before[0]}, a "
          f"newcomer has {after.get(7)}, the hidden one has {again.get(0)} when it is back")
had, new, back = numbers_of[False]
right = waits[False] == 1 and had == back != new
had, new, back = numbers_of[True]
sys.exit(0 if right and waits[True] == 21 and new == had != back else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
