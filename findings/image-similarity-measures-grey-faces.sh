#!/usr/bin/env bash
# image-similarity-measures 0.3.6, numpy 2.4.6: RMSE and PSNR of square grey pictures compare columns with rows.
#
# Expected: grey pictures are accepted (the functions give one without channels "an empty third dimension"): the RMSE is
#   the root of the mean squared difference of the pixels, 0 for a picture and itself, and the PSNR follows from it.
# Seen: of a face of 48 x 48 pixels as in FER2013 the RMSE to itself is 0.41 of the range, as much as to noise, and a
#   slightly noisy copy has a PSNR of 8 dB instead of 34 dB. With one channel written out, as (48, 48, 1), both are
#   right; pictures that are not square raise an error.
# Source: image_similarity_measures/quality_metrics.py, `rmse` and `psnr`: only the first picture gets the third
#   dimension, and (48, 48, 1) less (48, 48) is (48, 48, 48): each pixel of a column of the first less each of the row
#   of that number of the second.
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
from image_similarity_measures.quality_metrics import psnr, rmse

generator = np.random.default_rng(0)
face = generator.integers(0, 256, size=(48, 48)).astype(np.uint8)
noisy = np.clip(face + generator.normal(0, 5, size=face.shape), 0, 255).astype(np.uint8)
stranger = generator.integers(0, 256, size=(48, 48)).astype(np.uint8)


def own(first, second):
    return float(np.sqrt(((first.astype(float) - second) ** 2).mean()))


found = {}
for name, other in (("itself", face), ("a noisy copy", noisy), ("noise", stranger)):
    error = own(face, other)
    sound = 20 * np.log10(255 / error) if error else np.inf
    with np.errstate(divide="ignore"):
        grey = float(rmse(face, other, max_p=255)), float(psnr(face, other, max_p=255))
        written = tuple(float(m(face[..., None], other[..., None], max_p=255)) for m in (rmse, psnr))
    found[name] = grey, written, (error / 255, sound)
    print(f"a face and {name}: RMSE {grey[0]:.4f}, PSNR {grey[1]:.2f} dB;", end=" ")
    print(f"as (48, 48, 1) {written[0]:.4f}, {written[1]:.2f} dB; by the definition {error / 255:.4f}, {sound:.2f} dB")
right = all(np.allclose(written, expected, rtol=1e-4) for _, written, expected in found.values())
wrong = found["itself"][0][0] > 0.3 and found["itself"][2][0] == 0 and found["a noisy copy"][0][1] < 10
sys.exit(0 if right and wrong and found["a noisy copy"][2][1] > 30 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
