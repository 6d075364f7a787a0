#!/usr/bin/env bash
# image-similarity-measures 0.3.6, numpy 2.4.6, opencv-python-headless 5.0.0.93, phasepack 1.5: FSIM loses falling
#   edges, and wraps others.
#
# Expected: FSIM (Zhang et al., 2011) compares the gradient magnitudes of two pictures, here by Scharr's operator: an
#   edge of 100 grey levels has 1600, one of 50 has 800, whether the picture gets brighter or darker to the right. The
#   FSIM of two pictures is that of their negatives.
# Seen: an edge to the darker side has 0, those to the brighter have 64 for 100 levels and 0 for 64, 128 or 192 levels.
#   A light blur of a face-like picture costs 0.10 instead of 0.01 of the FSIM, and the negatives have another FSIM.
# Source: image_similarity_measures/quality_metrics.py, `fsim` asks `_gradient_magnitude` for 16 bits without a sign,
#   which cuts negative slopes, and the squares of what is left wrap at 65536.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1 opencv-python-headless==5.0.0.93
"$place/env/bin/pip" install --quiet --no-deps phasepack==1.5 image-similarity-measures==0.3.6
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# for another measure of the same file
for name in ("skimage", "skimage.metrics"):
    sys.modules[name] = MagicMock()

import cv2
import numpy as np
from image_similarity_measures import quality_metrics
from phasepack.phasecong import phasecong
from scipy.ndimage import gaussian_filter


def gradient(picture):
    """The magnitude of Scharr's slopes in floating point."""
    return np.hypot(*(cv2.Scharr(picture.astype(float), cv2.CV_64F, dx, 1 - dx) for dx in (0, 1)))


def own(first, second):
    """FSIM with the same phase congruency and constants, and those magnitudes."""
    options = {"nscale": 4, "minWaveLength": 6, "mult": 2, "sigmaOnf": 0.5978}
    phases = [sum(phasecong(picture, **options)[4]) for picture in (first, second)]
    slopes = [gradient(picture) for picture in (first, second)]
    like = [(2 * x * y + c) / (x * x + y * y + c) for (x, y), c in ((phases, 0.85), (slopes, 160))]
    weights = np.maximum(*phases)
    return float((like[0] * like[1] * weights).sum() / weights.sum())


edges = []
for height in (-100, -50, 50, 64, 100, 128, 192):
    picture = np.full((16, 16), 100 if height < 0 else 0, np.uint8)
    picture[:, 8:] += np.uint8(height % 256)
    # the magnitude that `fsim` asks for
    said = float(quality_metrics._gradient_magnitude(picture, cv2.CV_16U).max())
    edges.append((height, said, float(gradient(picture).max())))
    print("an edge of {} grey levels: magnitude {:.0f}, by Scharr's operator {:.0f}".format(*edges[-1]))

noise = gaussian_filter(np.random.default_rng(0).normal(size=(64, 64)), 3)
noise = (noise - noise.min()) / np.ptp(noise) * 200 + 25
face = noise.astype(np.uint8)
right, wrong = [], []
for name, width in (("itself", 0), ("itself blurred", 1), ("itself blurred more", 2)):
    other = gaussian_filter(noise, width).astype(np.uint8)
    pairs = (face, other), (255 - face, 255 - other)
    found = [float(quality_metrics.fsim(x[..., None], y[..., None])) for x, y in pairs]
    expected = [own(x, y) for x, y in pairs]
    print("a picture and {}: FSIM {:.4f}, of the negatives {:.4f};".format(name, *found), end=" ")
    print("by the definition {:.4f} and {:.4f}".format(*expected))
    right.append(abs(expected[0] - expected[1]) < 1e-6 and (name != "itself" or np.allclose(found + expected, 1)))
    wrong.append(name == "itself" or (found[0] < expected[0] - 0.05 and abs(found[0] - found[1]) > 0.001))
sound = all(expected == 16 * abs(height) for height, _, expected in edges)
cut = all(said == (0 if height < 0 else np.sqrt((16 * height) ** 2 % 65536)) for height, said, _ in edges)
sys.exit(0 if sound and cut and all(right) and all(wrong) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
