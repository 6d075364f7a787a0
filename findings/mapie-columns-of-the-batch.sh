#!/usr/bin/env bash
# mapie 1.6.0, numpy 2.4.6, scikit-learn 1.9.1: TopLabelCalibrator writes a class's calibrated value into another class's
# column.
#
# Expected: `predict_proba` gives `(faces, classes)` with the calibrated value in the column of the predicted class and
#   nothing in the others, so that a face has the same row alone and among others.
# Seen: the columns are those of the classes that are predicted for this batch, closed up to the left. Alone, every face has
#   its value in the first column: of 500 faces of seven expressions 13 % have it in the right one. A folder of sad and
#   surprised faces has its values under angry and disgust. With all classes in the batch it is right, as in a test of the
#   whole.
# Source: mapie/calibration.py, `TopLabelCalibrator.predict_proba`, counts over `np.unique(y_pred)` for the column.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet mapie==1.6.0 numpy==2.4.6 scikit-learn==1.9.1
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from mapie.calibration import TopLabelCalibrator
from sklearn.linear_model import LogisticRegression

NAMES = np.array(["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"])
random = np.random.default_rng(0)
labels = random.integers(0, 7, 4000)
features = 2 * np.eye(7)[labels] + random.normal(size=(4000, 7))
network = LogisticRegression().fit(features[:1500], labels[:1500])
calibrator = TopLabelCalibrator(network, calibrator="isotonic", cv="prefit").fit(features[1500:3500], labels[1500:3500])
faces = features[3500:]
predicted = network.predict(faces)


def own(rows):
    """The calibrated value of each face in the column of its class, from the calibrators themselves."""
    answer = np.full((len(rows), 7), np.nan)
    sure, classes = network.predict_proba(rows).max(axis=1), network.predict(rows)
    for c in np.unique(classes):
        answer[classes == c, c] = calibrator.calibrators[c].predict(sure[classes == c])
    return answer


def right(answer, rows):
    """The share of faces whose row is as it should be."""
    return float(np.isclose(answer, own(rows), equal_nan=True).all(axis=1).mean())


together = calibrator.predict_proba(faces)
alone = np.concatenate([calibrator.predict_proba(face[None]) for face in faces])
two = faces[np.isin(predicted, [5, 6])]
some = calibrator.predict_proba(two)
print(f"rows that are right: together {right(together, faces):.3f}, alone {right(alone, faces):.3f}")
print("columns with a value, alone:", NAMES[np.unique(np.nanargmax(alone, axis=1))])
print("predicted in a part:", NAMES[np.unique(network.predict(two))], f"with values: {right(some, two):.3f} right, under")
print(NAMES[np.unique(np.nanargmax(some, axis=1))])
first = float((predicted == 0).mean())
same = np.allclose(np.nanmax(alone, axis=1), np.nanmax(own(faces), axis=1))
print(f"the values themselves are right: {same}; faces that are predicted angry: {first:.3f}")
sys.exit(0 if right(together, faces) == 1 and same and abs(right(alone, faces) - first) < 1e-9 and right(some, two) == 0 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
