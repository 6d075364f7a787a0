#!/usr/bin/env bash
# mean-average-precision 2024.1.5.0, numpy 2.4.6, pandas 3.1.1: difficult faces are left out, and missed.
#
# Expected: "VOC PASCAL mAP": there an object marked as difficult is out of the test: whether a detector finds it or
#   not, it is no hit, no false alarm and none of the objects that recall divides by.
# Seen: a detection of one is left out, yet the face counts among those to be found, so nobody can: a detector that
#   finds all 50 easy faces and none of 25 difficult ones has an AP of 0.67, and with the difficult ones found it is
#   0.67 as well. Marking faces as difficult makes any detector worse, the contrary of what the mark is for.
# Source: mean_average_precision/mean_average_precision_2d.py, `add`, counts all rows of the truth into `class_counter`.
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

BOX, BESIDE = [10, 10, 59, 59], [100, 10, 149, 59]


def precision(easy, hard, hard_found, false_alarms):
    """The average precision with one face in each picture, and by the definition."""
    metric = MetricBuilder.build_evaluation_metric("map_2d", async_mode=False, num_classes=1)
    for i in range(easy + hard):
        told = [BOX + [0, 0.6]] if i < easy or hard_found else []
        told += [BESIDE + [0, 0.9]] if i < false_alarms else []
        truth = [BOX + [0, int(i >= easy), 0]]
        metric.add(np.array(told, dtype=float).reshape(-1, 6), np.array(truth, dtype=float))
    # the false alarms are ahead of all hits, and all easy faces are found
    return float(metric.value(iou_thresholds=[0.5])["mAP"]), easy / (easy + false_alarms)


cases = {
    "50 easy faces, all found": (50, 0, False, 0),
    "and 25 difficult ones, none of them found": (50, 25, False, 0),
    "and all of these found, too": (50, 25, True, 0),
    "50 easy faces and 10 false alarms": (50, 0, False, 10),
    "50 easy faces, 10 false alarms, 25 difficult ones": (50, 25, True, 10),
}
wrong, right = [], []
for name, case in cases.items():
    theirs, own = precision(*case)
    print(f"{name}: AP {theirs:.3f}, by the definition {own:.3f}")
    wrong.append(abs(theirs - own * 50 / 75) < 1e-5)
    right.append(abs(theirs - own) < 1e-5)
sys.exit(0 if wrong == [False, True, True, False, True] and right == [not w for w in wrong] else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
