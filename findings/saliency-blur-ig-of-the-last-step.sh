#!/usr/bin/env bash
# saliency 0.2.1, numpy 2.4.6, scipy 1.17.1: BlurIG in batches weighs every step as the last of its batch.
#
# Expected: `batch_size` is the number of pictures on the path from sharp to blurred that the network is asked at
#   once, and changes nothing else: a map is the same whatever it is, and adds up to the answer for the picture less
#   that for the blurred one.
# Seen: with `sqrt=True`, where the steps of the path are of different widths, each of a batch's gradients is
#   multiplied with the width of the batch's last step, the narrowest. In a single batch the map of 50 steps adds up
#   to 56 % of what it is one by one and is 66 % of its largest value off; in batches of 5 it is 20 % off. With steps
#   of equal width it is right.
# Source: saliency/core/blur_ig.py, `BlurIG.GetMask`: `step_vector_diff[i]` is taken when the batch is full.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1
"$place/env/bin/pip" install --quiet --no-deps saliency==0.2.1
cat > "$place/try.py" <<'PYTHON'
import importlib.util
import pathlib
import sys
import types

import numpy as np
from scipy.ndimage import gaussian_filter

# the two modules alone: the package's start asks for scikit-image, which this method does not need
folder = pathlib.Path(importlib.util.find_spec("saliency").submodule_search_locations[0]) / "core"
package = types.ModuleType("core")
package.__path__ = [str(folder)]
sys.modules["core"] = package
from core import base, blur_ig  # noqa: E402

SIZE, STEPS, SIGMA = 32, 50, 16
y, x = np.mgrid[:SIZE, :SIZE].astype(float)
# two eyes and a mouth of different sharpness on a grey face
face = 0.3 + 0.5 * np.exp(-((x - 10) ** 2 + (y - 10) ** 2) / 3) + 0.5 * np.exp(-((x - 22) ** 2 + (y - 10) ** 2) / 3)
face += 0.6 * np.exp(-((x - 16) ** 2 / 60 + (y - 23) ** 2 / 12))
face = face[..., None]
weights = np.random.default_rng(0).uniform(0.5, 1.5, size=face.shape)


def answer(pictures):
    return (weights * pictures**2).sum(axis=(1, 2, 3))


def asked(pictures, call_model_args=None, expected_keys=None):
    return {base.INPUT_OUTPUT_GRADIENTS: 2 * weights * pictures}


def own(sqrt):
    """The sum along the path, step by step."""
    part = np.arange(STEPS + 1) * SIGMA / STEPS
    sigmas = np.sqrt(part) if sqrt else part
    total = np.zeros_like(face)
    for s, width in zip(sigmas[:-1], np.diff(sigmas)):
        blurred = gaussian_filter(face, [s, s, 0], mode="constant") if s else face
        more = gaussian_filter(face, [s + 0.01, s + 0.01, 0], mode="constant")
        total -= width * (more - blurred) / 0.01 * 2 * weights * blurred
    return total


found = {}
for sqrt in (False, True):
    expected = own(sqrt)
    for size in (1, 5, 50):
        options = {"max_sigma": SIGMA, "steps": STEPS, "sqrt": sqrt, "batch_size": size}
        mask = blur_ig.BlurIG().GetMask(face, asked, **options)
        apart = np.abs(mask - expected).max() / np.abs(expected).max()
        eyes, mouth = mask[6:15].sum(), mask[18:29].sum()
        found[sqrt, size] = apart, mask.sum() / expected.sum()
        sums = f"sum {mask.sum():.1f}, by the definition {expected.sum():.1f}; eyes {eyes:.1f}, mouth {mouth:.1f}"
        print(f"sqrt {sqrt}, batches of {size}: {sums}; {apart:.0%} apart")
end = gaussian_filter(face, [SIGMA**0.5, SIGMA**0.5, 0], mode="constant")
print(f"the answer less that for the blurred picture: {answer(np.stack([face]))[0] - answer(np.stack([end]))[0]:.1f}")
right = all(found[key][0] < 1e-6 for key in ((False, 1), (False, 5), (False, 50), (True, 1)))
sys.exit(0 if right and found[True, 5][0] > 0.1 and found[True, 50][1] < 0.65 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
