#!/usr/bin/env bash
# ensemble-boxes 1.0.9, numpy 2.4.6, numba 0.68.1: nms with weights changes the scores of whoever calls it.
#
# Expected: `nms(boxes, scores, labels, weights=[2, 1])` trusts the first detector twice as much. A second call with the
#   same arguments, as when thresholds are compared, gives the same answer, and the lists given are as before.
# Seen: each call writes the weighted scores into the list it was given. By the third call the first detector counts
#   eight times as much, and from the second on another box of the face is kept than in the first, with ever lower
#   scores: 0.30, 0.13, 0.09. soft_nms does the same; weighted_boxes_fusion and non_maximum_weighted leave the list
#   alone.
# Source: ensemble_boxes/ensemble_boxes_nms.py, `nms_method`, assigns to `scores[i]`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 numba==0.68.1 pandas
"$place/env/bin/pip" install --quiet --no-deps ensemble-boxes==1.0.9
cat > "$place/try.py" <<'PYTHON'
import sys

from ensemble_boxes import nms, non_maximum_weighted, soft_nms, weighted_boxes_fusion

# one face, found by two detectors: the second is surer, and also by its weight of a third it is ahead
boxes = [[[0.10, 0.10, 0.50, 0.50]], [[0.14, 0.10, 0.54, 0.50]]]
given = [[0.3], [0.9]]
labels = [[0], [0]]


def calls(kind, times=3, **more):
    """The left side and the score of the best box, call by call, and the scores in the list afterwards."""
    scores, answer = [list(s) for s in given], []
    for _ in range(times):
        out, found, _ = kind(boxes, scores, labels, iou_thr=0.5, weights=[2, 1], **more)
        answer.append((round(float(out[0][0]), 3), round(float(found[0]), 4)))
    return answer, [[round(float(s[0]), 4)] for s in scores]


answers = {}
for kind in (nms, soft_nms, non_maximum_weighted, weighted_boxes_fusion):
    answers[kind.__name__], after = calls(kind)
    text = "; ".join(f"left {left}, score {score}" for left, score in answers[kind.__name__])
    print(f"{kind.__name__}: {text}; list afterwards {after}, before {given}")
    changed = after != given
    if changed != (kind in (nms, soft_nms)):
        sys.exit(1)
expected = (0.14, round(0.9 / 3, 4))
print(f"expected of nms in every call: left {expected[0]}, score {expected[1]}")
same = all(len(set(answers[name])) == 1 for name in ("non_maximum_weighted", "weighted_boxes_fusion"))
first, last = answers["nms"][0], answers["nms"][-1]
sys.exit(0 if same and first == expected and last[0] == 0.1 and last[1] < 0.1 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
