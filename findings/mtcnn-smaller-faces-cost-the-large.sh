#!/usr/bin/env bash
# mtcnn 1.0.0, numpy 2.4.6: with a smaller `min_face_size` the largest faces of a picture are no longer looked for.
#
# Expected: the picture is scaled so that the smallest face that is asked for fills the network's window of 12 pixels,
#   and then made smaller by 0.709 for as long as its shorter side has 12 pixels (Zhang et al., 2016): faces from that
#   size to that of the whole picture, in steps of less than 1.42.
# Seen: the number of scales is the same for every `min_face_size`; it fits, but for rounding, 20, the one if none is
#   given. With 12 in a picture of 48 x 48, as of FER2013, the largest face looked for has 24 pixels, half of one that
#   fills the picture; with 20 it has 40. In 480 x 480 it is 265 instead of 374. Who asks for smaller faces loses the
#   large ones.
# Source: mtcnn/utils/images.py, `build_scale_pyramid` counts the scales from the picture's shorter side without the
#   first scale.
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
from mtcnn.utils.images import build_scale_pyramid

WINDOW, STEP = 12, 0.709


def own(side, smallest):
    """From the smallest face on for as long as the window fits in the picture."""
    answer, scale = [], WINDOW / smallest
    while side * scale >= WINDOW:
        answer.append(scale)
        scale *= STEP
    return answer


missed = {}
for side in (48, 64, 112, 224, 480):
    for smallest in (10, 12, 16, 20):
        scales = build_scale_pyramid(side, side, min_face_size=smallest, scale_factor=STEP)
        expected = own(side, smallest)
        largest, true = WINDOW / scales[-1], WINDOW / expected[-1]
        missed[side, smallest] = len(expected) - len(scales)
        same = np.allclose(scales, expected[: len(scales)])
        print(f"{side} x {side}, faces from {smallest}: {len(scales)} scales, up to {largest:.0f} pixels,", end=" ")
        print(f"expected {len(expected)}, up to {true:.0f}")
        if not same:
            sys.exit(1)
sides = (48, 64, 112, 224, 480)
right = all(missed[side, 20] == 0 for side in sides if side != 112) and missed[112, 20] == 1
wrong = all(missed[side, 12] >= 1 and missed[side, 10] >= 2 for side in sides)
sys.exit(0 if right and wrong and missed[48, 12] == 2 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
