#!/usr/bin/env bash
# mtcnn 1.0.0, numpy 2.4.6: in a batch, after a picture without a face, the boxes are moved by another picture's
#   padding.
#
# Expected: `detect_faces` takes a list of pictures of several sizes: it pads them around to one size, and takes each
#   picture's padding off the boxes and landmarks found in it.
# Seen: that is so if each picture has a face. The paddings are handed out in turn to the pictures that have one: if the
#   first of three has none, the second's faces are moved by the first's padding, and the third's by the second's. With
#   pictures of 400 x 400, 200 x 300 and 300 x 200 pixels the second's face is 50 pixels to the right and 100 below its
#   place, and the third's 50 to the right and 50 above.
# Source: mtcnn/utils/bboxes.py, `fix_bboxes_offsets` goes in step through the numbers that occur in the boxes and the
#   paddings of all pictures.
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
names = ("tensorflow", "tensorflow.python", "tensorflow.python.framework", "tensorflow.python.framework.errors_impl")
for name in (*names, "joblib", "lz4", "mtcnn.mtcnn"):
    sys.modules[name] = MagicMock()

import numpy as np
from mtcnn.utils.bboxes import fix_bboxes_offsets
from mtcnn.utils.images import pad_stack_np

# heights and widths; the face of each picture has its left upper corner at (20, 30) and is 80 x 100 pixels large
SIZES = ((400, 400), (200, 300), (300, 200))
FACE = np.array([20.0, 30.0, 100.0, 130.0])


def found(with_faces):
    """The places of the faces, by number of the picture, as given for those found in the padded pictures."""
    pictures = []
    for number, (height, width) in enumerate(SIZES):
        picture = np.zeros((height, width, 3), np.uint8)
        # a bright corner where the face begins, by which it is found in the padded picture
        picture[int(FACE[1]), int(FACE[0])] = 255
        pictures.append(picture)
    stack, _, padding = pad_stack_np(pictures, justification="center")
    rows = []
    for number in with_faces:
        top, left = np.argwhere(stack[number, :, :, 0] == 255)[0]
        x, y = left + np.linspace(20, 60, 5), top + np.linspace(20, 80, 5)
        rows.append(np.concatenate([[number, left, top, left + 80, top + 100, 0.99], x, y]))
    answer = fix_bboxes_offsets(np.array(rows, dtype=float), padding)
    return {int(row[0]): (row[1:5], row[6] - FACE[0] - 20) for row in answer}


every, later = found((0, 1, 2)), found((1, 2))
last = found((0, 1))
for name, places in (("a face in each", every), ("none in the first", later), ("none in the last", last)):
    for number, (box, landmark) in places.items():
        place = ", ".join(f"{value:.0f}" for value in box)
        print(f"{name}: picture {number}: {place}, expected 20, 30, 100, 130; landmarks off by {landmark:.0f}")
right = all(np.array_equal(box, FACE) and mark == 0 for places in (every, last) for box, mark in places.values())
moved = {number: (box - FACE)[:2].tolist() for number, (box, _) in later.items()}
print("moved by", moved)
sys.exit(0 if right and moved == {1: [50.0, 100.0], 2: [50.0, -50.0]} else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
