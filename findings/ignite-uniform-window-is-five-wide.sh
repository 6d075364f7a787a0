#!/usr/bin/env bash
# pytorch-ignite 0.5.5, torch 2.13.0, numpy 2.4.6: without the Gaussian the window of SSIM is five pixels wide,
# whatever it is told.
#
# Expected: `SSIM(gaussian=False, kernel_size=7)` compares pictures in windows of 7 x 7 pixels that count alike, as
#   in other libraries' uniform SSIM: means, variances and covariance of each window (Wang et al., 2004).
# Seen: windows of 7, 9 and 11 all give the number of the window of 5. One of 3 has weights of 1/5, too, which add
#   up to 0.36 instead of 1, so that the means are a third of the means and the variances are none: two noisy
#   pictures that have an SSIM of 0.53 get 0.95, two plain greys, 0.50 and 0.25, get 0.64 instead of 0.80. With 5 it
#   is right.
# Source: ignite/metrics/ssim.py, `_uniform`: five weights of 1/5 around the middle.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 packaging
"$place/env/bin/pip" install --quiet --no-deps pytorch-ignite==0.5.5
cat > "$place/try.py" <<'PYTHON'
import sys

import torch
from ignite.metrics import SSIM
from torch.nn import functional


def own(one, two, size):
    """By the definition, in windows that count every pixel alike; the edges are reflected, as in the package."""
    one, two = (functional.pad(t.double(), [size // 2] * 4, mode="reflect") for t in (one, two))

    def mean(t):
        return functional.avg_pool2d(t, size, stride=1)

    m, n = mean(one), mean(two)
    v, w, both = mean(one * one) - m * m, mean(two * two) - n * n, mean(one * two) - m * n
    low, high = 0.01**2, 0.03**2
    return float(((2 * m * n + low) * (2 * both + high) / ((m * m + n * n + low) * (v + w + high))).mean())


torch.manual_seed(0)
picture = functional.interpolate(torch.rand(2, 1, 12, 12), scale_factor=4, mode="bilinear")
noisy = (picture + 0.1 * torch.randn_like(picture)).clamp(0, 1)
greys = torch.full((1, 1, 24, 24), 0.5), torch.full((1, 1, 24, 24), 0.25)
wrong, right = [], []
for name, (one, two) in {"noise": (picture, noisy), "two greys": greys}.items():
    of_five = own(one, two, 5)
    for size in (3, 5, 7, 9, 11):
        metric = SSIM(data_range=1.0, kernel_size=size, gaussian=False)
        metric.update((one, two))
        found, expected = metric.compute(), own(one, two, size)
        print(f"{name}, window of {size}: SSIM {found:.4f}, by the definition {expected:.4f}")
        wrong.append(abs(found - expected) > 0.01)
        right.append(size == 3 or abs(found - of_five) < 1e-3)
sys.exit(0 if wrong == [True, False] + [True] * 3 + [True] + [False] * 4 and all(right) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
