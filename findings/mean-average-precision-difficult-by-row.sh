#!/usr/bin/env bash
# mean-average-precision 2024.1.5.0, numpy 2.4.6, pandas 3.1.1: a face is difficult or not by the row of a detection.
#
# Expected: each row of the truth says whether that face is `difficult`, small or half hidden; a detection of a
#   difficult one is neither right nor wrong, as in Pascal VOC, and one of any other face is right.
# Seen: where a picture has several faces and several detections the flags are dealt out along the detections. Of a
#   group of three, the first of them difficult, a detector finds the other two: one of the two is right and one is left
#   out. With the same detections the other way round both are right, and so they are where each face is in a picture of
#   its own or none is difficult. `crowd` is dealt out in the same way.
# Source: mean_average_precision/utils.py, `compute_match_table`: `_tile` repeats each flag, where it should repeat the
#   row.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 pandas==3.1.1
"$place/env/bin/pip" install --quiet --no-deps mean-average-precision==2024.1.5.0
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from mean_average_precision import MetricBuilder

EASY, HARD = 0, 1


def right(pictures):
    """How many detections are right, by the metric and by the definition; each picture is a row of kinds of faces."""
    metric = MetricBuilder.build_evaluation_metric("map_2d", async_mode=False, num_classes=1)
    faces = expected = 0
    for kinds, found in pictures:
        boxes = [[200 * i, 0, 200 * i + 99, 99] for i in range(len(kinds))]
        truth = [box + [0, kind, 0] for box, kind in zip(boxes, kinds)]
        told = [boxes[i] + [0, 0.9 - 0.1 * k] for k, i in enumerate(found)]
        metric.add(np.array(told, dtype=float), np.array(truth, dtype=float))
        faces += len(kinds)
        expected += sum(kinds[i] == EASY for i in found)
    answer = metric.value(iou_thresholds=[0.5])[0.5][0]
    # what is left out counts in neither, and no detection is wrong
    assert set(answer["precision"]) <= {0.0, 1.0}
    return round(float(answer["recall"][-1] * faces)), expected


cases = {
    "difficult, easy, easy, both easy ones found": [((HARD, EASY, EASY), (1, 2))],
    "the same, detections the other way round": [((HARD, EASY, EASY), (2, 1))],
    "easy, easy, difficult, both easy ones found": [((EASY, EASY, HARD), (0, 1))],
    "easy, easy, difficult, all three found": [((EASY, EASY, HARD), (2, 1, 0))],
    "three easy ones, two found": [((EASY, EASY, EASY), (1, 2))],
    "difficult, easy, easy, each in a picture of its own": [((HARD,), (0,)), ((EASY,), (0,)), ((EASY,), (0,))],
}
found = {name: right(pictures) for name, pictures in cases.items()}
for name, (theirs, expected) in found.items():
    print(f"{name}: {theirs} right, by the definition {expected}")
counts = [theirs for theirs, _ in found.values()]
sys.exit(0 if counts == [1, 2, 1, 2, 2, 2] and {own for _, own in found.values()} == {2} else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
