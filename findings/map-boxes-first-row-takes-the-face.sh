#!/usr/bin/env bash
# map-boxes 1.0.6, numpy 2.4.6, pandas 3.1.1: the average precision depends on the order of the rows.
#
# Expected: "mean average precision (mAP) for set of boxes": as in Pascal VOC the detections are taken from the surest
#   on, each face counts as found by the first that overlaps it, and further ones are false alarms. The order in a table
#   is no matter.
# Seen: within a picture the face goes to the first row that overlaps it, however unsure, and the surest one becomes a
#   false alarm. For faces that a detector found twice, with 0.9 and with 0.3, AP is 0.50 with the unsure row first,
#   1.00 with the sure row first and anything between for shuffled rows, as they come from boxes joined from several
#   tables.
# Source: map_boxes/__init__.py, `mean_average_precision_for_boxes`, matches in the order of the rows and sorts
#   afterwards.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 pandas==3.1.1
"$place/env/bin/pip" install --quiet --no-deps map-boxes==1.0.6
cat > "$place/try.py" <<'PYTHON'
import contextlib
import io
import random
import sys

import numpy as np

with contextlib.redirect_stdout(io.StringIO()):  # it says that it has no compiled part
    from map_boxes import mean_average_precision_for_boxes

PICTURES = [f"{i}.jpg" for i in range(50)]
faces = [[name, "face", 10, 50, 10, 50] for name in PICTURES]
sure = [[name, "face", 0.9, 10, 50, 10, 50] for name in PICTURES]
unsure = [[name, "face", 0.3, 12, 52, 10, 50] for name in PICTURES]


def theirs(rows):
    given = np.array(faces, dtype=object), np.array(rows, dtype=object)
    return float(mean_average_precision_for_boxes(*given, iou_threshold=0.5, verbose=False)[0])


def own(rows):
    """All boxes of a picture overlap its face: the surest finds it; area under the envelope of precision by recall."""
    found, hits = set(), []
    for name, *_ in sorted(rows, key=lambda row: -row[2]):
        hits.append(name not in found)
        found.add(name)
    among = np.cumsum(hits)
    precision = np.maximum.accumulate((among / np.arange(1, len(rows) + 1))[::-1])[::-1]
    return float(precision[np.array(hits)].sum() / len(faces))


shuffled = sure + unsure
random.Random(0).shuffle(shuffled)
orders = {"the sure row first": sure + unsure, "the unsure row first": unsure + sure, "shuffled": shuffled}
found = {name: theirs(rows) for name, rows in orders.items()}
expected = {name: own(rows) for name, rows in orders.items()}
for name in orders:
    print(f"{name}: AP {found[name]:.3f}, by the definition {expected[name]:.3f}")
right = all(abs(value - 1) < 1e-9 for value in expected.values()) and abs(found["the sure row first"] - 1) < 1e-9
sys.exit(0 if right and abs(found["the unsure row first"] - 0.5) < 1e-9 and 0.5 < found["shuffled"] < 0.9 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
