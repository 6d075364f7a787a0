#!/usr/bin/env bash
# ensemble-boxes 1.0.9, numpy 2.4.6, numba 0.68.1: soft_nms returns the scores as they came in.
#
# Expected: Soft-NMS (Bodla et al., 2017) takes no box away but lowers the score of one that overlaps a better one, by 1
#   - IoU or by exp(-IoU^2 / sigma), and these lower scores are its answer: what is counted, ranked or cut afterwards.
# Seen: the lowered scores only decide what falls below `thresh`, 0.001 unless one says otherwise, and are thrown away.
#   A face that was found twice comes out twice, the second box with its old 0.80, not with 0.08 or 0.16, and a cut at
#   0.5, as before showing faces, leaves both. The linear and the Gaussian method differ in nothing. `nms` is right.
# Source: ensemble_boxes/ensemble_boxes_nms.py, `nms_method`, hands a copy of the scores to `cpu_soft_nms_float` and
#   takes from its own by the index that comes back.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 numba==0.68.1 pandas
"$place/env/bin/pip" install --quiet --no-deps ensemble-boxes==1.0.9
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from ensemble_boxes import nms, soft_nms

# a face that was found twice, another one beside it; sides in shares of the picture
boxes = np.array([[0.10, 0.10, 0.50, 0.50], [0.12, 0.10, 0.52, 0.50], [0.60, 0.60, 0.90, 0.90]])
scores = np.array([0.9, 0.8, 0.7])


def iou(a, b):
    width, height = (max(0, min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1))
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def own(method):
    """The paper's loop: take the best one that is left, lower the others."""
    left, answer = dict(enumerate(scores)), {}
    while left:
        best = max(left, key=left.get)
        answer[best] = left.pop(best)
        for other in left:
            shared = iou(boxes[best], boxes[other])
            if method == "linear":
                left[other] *= 1 - shared if shared > 0.5 else 1
            else:
                left[other] *= np.exp(-(shared**2) / 0.5)
    return [float(answer[i]) for i in range(len(boxes))]


right, kept = [], []
for number, method in ((1, "linear"), (2, "Gaussian")):
    out, found, _ = soft_nms([boxes], [scores.copy()], [[0, 0, 0]], method=number, iou_thr=0.5, sigma=0.5, thresh=0.001)
    found = [float(found[np.abs(out - box).sum(axis=1).argmin()]) for box in boxes]
    expected = own(method)
    texts = (", ".join(f"{s:.2f}" for s in values) for values in (found, expected))
    print("{}: scores {}, by the paper {}".format(method, *texts))
    kept.append(sum(s >= 0.5 for s in found))
    right.append(found == scores.tolist() and expected[1] < 0.2 and sum(s >= 0.5 for s in expected) == 2)
hard = nms([boxes], [scores.copy()], [[0, 0, 0]], iou_thr=0.5)[1].tolist()
print(f"faces of a score of at least 0.5: {kept[0]} and {kept[1]}, of 2; nms leaves the scores {hard}")
sys.exit(0 if all(right) and kept == [3, 3] and hard == [0.9, 0.7] else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
