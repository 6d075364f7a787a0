#!/usr/bin/env bash
# uniface 4.2.1: RetinaFace with an input that is not square puts the faces elsewhere.
#
# Expected: `RetinaFace(input_size=(640, 480))`, "fixed input size (width, height) if dynamic_size=False", for pictures
#   as webcams give them: a face comes out where it is, as with (640, 640).
# Seen: the network's cells are decoded as those of a picture of 480 by 640. A face around (120, 360) whose box the
#   network gets perfectly right comes out around (373, 354) and of another form; one around (520, 72) around (267, 78).
#   The scores are as they were, and there is no warning. With (640, 640), and with dynamic_size=True, it is right.
# Source: uniface/detection/retinaface.py, `__init__`, hands (width, height) to `generate_anchors` in uniface/common.py,
#   which says so, too, and takes them for (height, width); `detect` hands them on as (height, width).
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet "uniface[cpu]==4.2.1"
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import patch

import numpy as np
import uniface.detection.retinaface as module

STEPS, SIDES = (8, 16, 32), ((16, 32), (64, 128), (256, 512))


def network(face):
    """What a perfect network answers for a face of 64 pixels there: it is sure of one anchor, which is its box."""

    def answer(tensor):
        height, width = tensor.shape[2:]
        parts = []
        for step, sides in zip(STEPS, SIDES):
            score = np.zeros((-(-height // step), -(-width // step), len(sides), 2), dtype=np.float32)
            score[..., 0] = 1
            if 64 in sides:
                score[face[1] // step, face[0] // step, sides.index(64)] = 0, 1
            parts.append(score.reshape(-1, 2))
        scores = np.concatenate(parts)
        return [np.zeros((1, len(scores), 4)), scores[None], np.zeros((1, len(scores), 10))]

    return answer


def found(face, size, dynamic):
    """The box of a face in a picture that is as large as the input, so that nothing is scaled."""
    with (
        patch.object(module, "verify_model_weights", lambda *_: ""),
        patch.object(module.RetinaFace, "_initialize_model", lambda *_: None),
    ):
        detector = module.RetinaFace(input_size=size, dynamic_size=dynamic)
    detector.inference = network(face)
    (one,) = detector.detect(np.zeros((size[1], size[0], 3), dtype=np.uint8))
    return [round(float(side), 1) for side in one.bbox]


right = {}
for face in ((120, 360), (520, 72)):
    # the middle of the cell of 16 pixels that the face is in, and 32 pixels around it
    x, y = (16 * (value // 16) + 8 for value in face)
    own = [x - 32.0, y - 32.0, x + 32.0, y + 32.0]
    for size, dynamic in (((640, 640), False), ((640, 480), True), ((640, 480), False)):
        box = found(face, size, dynamic)
        print(f"face around {x}, {y}, input {size}{' and dynamic_size' if dynamic else ''}: box {box}, expected {own}")
        right.setdefault((size, dynamic), []).append(box == own)
sys.exit(0 if list(right.values()) == [[True, True], [True, True], [False, False]] else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
