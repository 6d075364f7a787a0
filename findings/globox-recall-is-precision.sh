#!/usr/bin/env bash
# globox 2.9.0, numpy 2.4.6: the recalls in the table of a detector's results are average precisions.
#
# Expected: `save_csv` and `show_summary` give COCO's numbers for each label; "AR 1", "AR 10" and "AR 100" are the
#   average recall with at most that many detections in a picture, as `ndets_100_evaluation()` says for each label.
# Seen: for each label they hold the average precision with that many detections. A face detector that finds every face
#   and also sees one where there is none has an AR 100 of 0.67 in the file, where its recall is 1.00, and a tenfold of
#   false alarms lowers it further. The last row of `show_summary`, for all labels, has the recall; "AR S", "AR M" and
#   "AR L" too.
# Source: globox/evaluation.py, `show_summary` and `save_csv`, take `["ap"]` of the three evaluations.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet globox==2.9.0 numpy==2.4.6
cat > "$place/try.py" <<'PYTHON'
import csv
import sys

from globox import Annotation, AnnotationSet, BoundingBox, COCOEvaluator

FACES = [(10, 10), (200, 10)]


def box(corner, sure=None):
    x, y = corner
    return BoundingBox(label="face", xmin=x, ymin=y, xmax=x + 40, ymax=y + 40, confidence=sure)


def evaluate(alarms):
    """The file's row, and the recall by the evaluator: every face is found, false alarms come first."""
    told = [box((10 + 60 * i, 300), 0.9) for i in range(alarms)] + [box(face, 0.5) for face in FACES]
    pictures = [[Annotation("0.jpg", (2000, 400), boxes)] for boxes in ([box(face) for face in FACES], told)]
    evaluator = COCOEvaluator(ground_truths=AnnotationSet(pictures[0]), predictions=AnnotationSet(pictures[1]))
    evaluator.save_csv(sys.argv[1] + "/results.csv")
    with open(sys.argv[1] + "/results.csv", newline="") as file:
        row = next(csv.DictReader(file))
    recall = evaluator.ndets_100_evaluation()["face"]["ar"]
    return {name: float(row[name]) for name in ("AP 50:95", "AR 100", "AR M")}, recall


right, wrong = [], []
for alarms in (0, 1, 10):
    row, recall = evaluate(alarms)
    numbers = ", ".join(f"{name} {value:.2f}" for name, value in row.items())
    print(f"all faces found, {alarms} false alarms: in the file {numbers}; the recall is {recall:.2f}")
    right.append(recall == 1 and row["AR M"] == 1 and abs(row["AP 50:95"] - 2 / (2 + alarms)) < 1e-9)
    wrong.append(abs(row["AR 100"] - row["AP 50:95"]) < 1e-9)
sys.exit(0 if all(right) and all(wrong) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" "$place"
