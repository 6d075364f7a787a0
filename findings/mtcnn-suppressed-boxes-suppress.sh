#!/usr/bin/env bash
# mtcnn 1.0.0, numpy 2.4.6: a box that non-maximum suppression has taken away still takes others away.
#
# Expected: non-maximum suppression keeps the surest box, takes away those that overlap it too much, and goes on with
#   the surest of those that are left: a box is lost only to one that is kept.
# Seen: it is lost to any surer one. Of two faces side by side that do not overlap too much (0.25) and a false box
#   between them that overlaps each by 0.54, the second face is lost, too, because of the false box that is lost itself;
#   of a row of eight boxes, each sharing much with its neighbours alone, one is left instead of four. All three
#   networks of the detector use it, with "union" and with "min".
# Source: mtcnn/utils/bboxes.py, `nms` sums over all surer boxes at once.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6
"$place/env/bin/pip" install --quiet --no-deps mtcnn==1.0.0
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# the networks are not needed
for name in ("tensorflow", "joblib", "lz4", "mtcnn.mtcnn"):
    sys.modules[name] = MagicMock()

import numpy as np
from mtcnn.utils.bboxes import smart_nms_from_bboxes


def overlap(a, b):
    """The intersection over the union of two boxes: left, top, right, bottom."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def own(boxes, threshold):
    """One after the other, the surest first: only kept boxes take others away."""
    kept = []
    for box in sorted(boxes, key=lambda b: -b[4]):
        if all(overlap(box, other) <= threshold for other in kept):
            kept.append(box)
    return kept


def row(lefts, scores):
    """Boxes of 100 x 100 pixels side by side."""
    return [(left, 0.0, left + 100.0, 100.0, score) for left, score in zip(lefts, scores)]


cases = {
    "two faces apart": row((0, 120), (0.99, 0.95)),
    "a face with two copies": row((0, 10, 20), (0.99, 0.97, 0.9)),
    "two faces, a false box between": row((0, 60, 30), (0.99, 0.9, 0.95)),
    "a row of eight": row(range(0, 240, 30), np.linspace(0.99, 0.85, 8)),
}
found = {}
for name, boxes in cases.items():
    rows = np.array([(0, *box) for box in boxes])
    answer = smart_nms_from_bboxes(rows, threshold=0.5, method="union", initial_sort=True)
    expected = own(boxes, 0.5)
    found[name] = len(answer), len(expected)
    print("{}: {} boxes kept, expected {};".format(name, *found[name]), end=" ")
    print("lefts", [int(left) for left in answer[:, 1]], "expected", [int(box[0]) for box in expected])
values = list(found.values())
sys.exit(0 if values == [(2, 2), (1, 1), (1, 2), (1, 4)] else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
