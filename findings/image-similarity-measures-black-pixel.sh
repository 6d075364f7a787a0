#!/usr/bin/env bash
# image-similarity-measures 0.3.6, numpy 2.4.6: one black pixel makes the spectral angle 0, that of equal pictures.
#
# Expected: the spectral angle mapper is the mean angle between the colours of the pixels: 0 for equal pictures, and
#   larger the more the colours differ. One black pixel, which has no angle, of 2304 may count as nothing or be left
#   out.
# Seen: two unrelated pictures are 34 degrees apart; once a single pixel of either is black, as in every padded or
#   masked crop of a face, the measure says 0.0, "the same". A table of the mean angle over test pictures gets better
#   with every picture that has such a pixel.
# Source: image_similarity_measures/quality_metrics.py, `sam`: 0/0 of that pixel makes the mean not a number, and
#   `nan_to_num` around the mean makes it 0.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6
"$place/env/bin/pip" install --quiet --no-deps image-similarity-measures==0.3.6
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# other measures of the same file need these
for name in ("skimage", "skimage.metrics", "phasepack", "phasepack.phasecong", "cv2"):
    sys.modules[name] = MagicMock()

import numpy as np
from image_similarity_measures.quality_metrics import sam

generator = np.random.default_rng(0)
face = generator.integers(1, 256, size=(48, 48, 3)).astype(np.float64)
stranger = generator.integers(1, 256, size=(48, 48, 3)).astype(np.float64)


def own(first, second):
    """The mean angle in degrees of the pixels that have one."""
    x, y = first.reshape(-1, 3), second.reshape(-1, 3)
    lengths = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    cosines = (x * y).sum(axis=1)[lengths > 0] / lengths[lengths > 0]
    return float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).mean())


spotted = face.copy()
spotted[0, 0] = 0
padded = face.copy()
padded[:, :4] = 0
found = []
for name, picture in (("no black pixel", face), ("one black pixel", spotted), ("a black border", padded)):
    with np.errstate(invalid="ignore"):
        found.append((float(sam(picture, stranger)), own(picture, stranger)))
    print("{}: {:.2f} degrees from an unrelated picture, by the definition {:.2f}".format(name, *found[-1]))
right = abs(found[0][0] - found[0][1]) < 1e-6 and all(expected > 30 for _, expected in found)
sys.exit(0 if right and found[1][0] == found[2][0] == 0 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
