#!/usr/bin/env bash
# sewar 0.4.10, numpy 2.4.6, scipy 1.17.1: UQI of two pictures that have nothing in common is near 1.
#
# Expected: the universal quality index (Wang and Bovik, 2002) is the mean over windows of 4 cov(x, y) mean(x) mean(y) /
#   ((var(x) + var(y)) (mean(x)^2 + mean(y)^2)): 0 where the pictures are not correlated, and negative for a picture and
#   its negative.
# Seen: a face-sized picture of noise and another have 0.74 instead of -0.01, and a picture and its negative 0.49
#   instead of -0.99; a strong blur, which destroys the details, costs much less than it should.
# Source: sewar/full_ref.py, `_uqi_single`: the formula with N x sum(xy) - sum(x) sum(y) gets the means from
#   `uniform_filter` where the sums should be, so that the means' product is taken off once instead of N times.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1 pillow
"$place/env/bin/pip" install --quiet --no-deps sewar==0.4.10
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import sewar
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import uniform_filter

generator = np.random.default_rng(0)


def windows(picture, size):
    return sliding_window_view(picture.astype(float), (size, size)).reshape(-1, size * size)


def own(first, second, size=8):
    """The mean of the index over all windows inside the picture."""
    x, y = windows(first, size), windows(second, size)
    mean_x, mean_y = x.mean(axis=1), y.mean(axis=1)
    both = ((x - mean_x[:, None]) * (y - mean_y[:, None])).mean(axis=1)
    below = (x.var(axis=1) + y.var(axis=1)) * (mean_x**2 + mean_y**2)
    return float((4 * both * mean_x * mean_y / below).mean())


def means_for_sums(first, second, size=8):
    """The same with means in the place of the sums, as the numbers suggest."""
    x, y, number = windows(first, size), windows(second, size), size * size
    mean_x, mean_y = x.mean(axis=1), y.mean(axis=1)
    squares = mean_x**2 + mean_y**2
    above = 4 * (number * (x * y).mean(axis=1) - mean_x * mean_y) * mean_x * mean_y
    return float((above / ((number * (x * x + y * y).mean(axis=1) - squares) * squares)).mean())


face = generator.integers(0, 256, size=(48, 48)).astype(np.uint8)
pairs = {
    "itself": face,
    "other noise": generator.integers(0, 256, size=(48, 48)).astype(np.uint8),
    "its negative": 255 - face,
    "itself, blurred": uniform_filter(face.astype(float), 5).astype(np.uint8),
}
found = {}
for name, other in pairs.items():
    found[name] = float(sewar.uqi(face, other)), own(face, other), means_for_sums(face, other)
    line = "a picture and {}: UQI {:.3f}, by the definition {:.3f}, with means for sums {:.3f}"
    print(line.format(name, *found[name]))
# sewar leaves out a little more of the border, thus not exactly the same windows
near = all(abs(value - means) < 0.02 for value, _, means in found.values())
right = abs(found["other noise"][1]) < 0.05 and found["its negative"][1] < -0.9 and abs(found["itself"][0] - 1) < 1e-9
wrong = found["other noise"][0] > 0.6 and found["its negative"][0] > 0.3
sys.exit(0 if near and right and wrong else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
