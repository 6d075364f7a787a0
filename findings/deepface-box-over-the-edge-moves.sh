#!/usr/bin/env bash
# deepface 0.0.103, numpy 2.4.6, opencv-python-headless 5.0.0.93: a face at the left or upper edge is moved.
#
# Expected: `facial_area` of `extract_faces`, and `region` of `analyze`, is where the face is: of a box that reaches
#   over the edge of the picture the part inside, as it is done at the right and lower edge.
# Seen: at the left and the upper edge the corner is set to 0 and width and height stay: a face from -40 to 60 is said
#   to reach from 0 to 100, 40 pixels into what is beside it, with an overlap with the face's part inside of 0.60 where
#   it should be 1. Who tracks, blurs or crops by it is off by as much. The pictures are widened by half their size all
#   around for the detector (align=True, as it is unless one says otherwise), so that it finds boxes over each edge.
# Source: deepface/modules/detection.py, `extract_faces`: `x = max(0, ...)`, and w is cut at the right edge only.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 opencv-python-headless==5.0.0.93 tqdm requests pillow
"$place/env/bin/pip" install --quiet --no-deps deepface==0.0.103
cat > "$place/try.py" <<'PYTHON'
import os
import sys
from unittest.mock import MagicMock, patch

os.environ["DEEPFACE_HOME"] = sys.argv[1]
# networks, a web server and a table of people; what is done with a detector's answer needs none of them
for name in ("tensorflow", "tensorflow.keras", "keras", "tf_keras", "mtcnn", "retinaface", "gdown", "lightphe",
             "lightdsa", "flask", "flask_cors", "fire", "pandas", "werkzeug", "werkzeug.datastructures",
             "werkzeug.utils"):
    sys.modules[name] = MagicMock()

import numpy as np
from deepface.models.Detector import FacialAreaRegion
from deepface.modules import detection

WIDTH, HEIGHT, SIDE = 600, 400, 100
picture = np.random.default_rng(0).integers(0, 256, size=(HEIGHT, WIDTH, 3), dtype=np.uint8)


class Detector:
    """Finds the face where it is in the widened picture."""

    def __init__(self, x, y):
        self.x, self.y = x + WIDTH // 2, y + HEIGHT // 2

    def detect_faces(self, widened):
        assert widened.shape == (2 * HEIGHT, 2 * WIDTH, 3)
        eyes = {"left_eye": (self.x + 70, self.y + 40), "right_eye": (self.x + 30, self.y + 40)}
        return [FacialAreaRegion(x=self.x, y=self.y, w=SIDE, h=SIDE, confidence=0.9, **eyes)]


def overlap(a, b):
    """Of two boxes as left, upper, right and lower side."""
    width, height = (max(0, min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1))
    return width * height / (sum((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)) - width * height)


found = {}
for name, (x, y) in {
    "inside": (200, 150),
    "over the right edge": (WIDTH - 60, 150),
    "over the lower edge": (200, HEIGHT - 60),
    "over the left edge": (-40, 150),
    "over the upper edge": (200, -40),
}.items():
    with patch.object(detection.modeling, "build_model", lambda *_, x=x, y=y, **__: Detector(x, y)):
        (face,) = detection.extract_faces(picture, detector_backend="retinaface")
    area = face["facial_area"]
    theirs = [area["x"], area["y"], area["x"] + area["w"], area["y"] + area["h"]]
    inside = [max(0, x), max(0, y), min(WIDTH, x + SIDE), min(HEIGHT, y + SIDE)]
    found[name] = overlap(theirs, inside)
    print(f"{name}: box {theirs}, the face's part inside {inside}, overlap {found[name]:.2f}")
values = list(found.values())
sys.exit(0 if min(values[:3]) > 0.95 and all(abs(value - 0.6) < 0.01 for value in values[3:]) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" "$place" 2>/dev/null
