#!/usr/bin/env bash
# lime 0.2.0.1, scikit-image 0.26.0, scikit-learn 1.9.1, numpy 2.4.6: with slic the last segment of a picture is never
# hidden.
#
# Expected: LimeImageExplainer hides each segment in half of the pictures that it asks the network about, and gives
#   each a weight, whichever algorithm of its `SegmentationAlgorithm` ("quickshift", "felzenszwalb", "slic") made
#   them.
# Seen: slic numbers its segments from 1, lime hides 0 to n - 1: the last segment, at the lower right, is seen in
#   every picture and has no weight, and a weight is given to a segment 0 that there is not. For a network that looks
#   at that corner only the map is empty, without a word. Segments numbered from 0 (`start_label=0`, the other two)
#   are right.
# Source: lime/lime_image.py, `data_labels`, hides `segments == z` for the columns z of as many features as segments.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet scikit-image==0.26.0 scikit-learn==1.9.1 numpy==2.4.6
"$place/env/bin/pip" install --quiet matplotlib tqdm setuptools wheel
"$place/env/bin/pip" install --quiet --no-deps --no-build-isolation lime==0.2.0.1
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from lime.lime_image import LimeImageExplainer
from lime.wrappers.scikit_image import SegmentationAlgorithm
from sklearn.linear_model import LinearRegression

BLOCK = 10
# a picture of 3 x 3 flat squares of different grey, so that segments are what one sees
greys = np.random.default_rng(0).permutation(np.linspace(0.2, 1, 9)).reshape(3, 3)
picture = np.repeat(np.repeat(greys, BLOCK, axis=0), BLOCK, axis=1)[..., None].repeat(3, axis=2)


def explained(square, **options):
    """The map for a network that says how bright one square is, and how often each segment was hidden."""
    rows, columns = (slice(BLOCK * i, BLOCK * (i + 1)) for i in divmod(square, 3))
    hidden, asked = np.zeros(9, int), 0

    def network(pictures):
        nonlocal asked
        centres = pictures[:, BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK, 0].reshape(len(pictures), 9)
        hidden[:] += (centres == 0).sum(axis=0)
        asked += len(pictures)
        said = pictures[:, rows, columns, 0].mean(axis=(1, 2))
        return np.stack([said, 1 - said], axis=1)

    explanation = LimeImageExplainer(random_state=0).explain_instance(
        picture,
        network,
        labels=(0,),
        top_labels=None,
        hide_color=0,
        num_samples=400,
        segmentation_fn=SegmentationAlgorithm("slic", n_segments=9, compactness=10, sigma=0, **options),
        model_regressor=LinearRegression(),
    )
    weights = dict(explanation.local_exp[0])
    segments = explanation.segments
    values = np.array([weights.get(s, 0) for s in segments[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK].ravel()])
    return values, hidden / asked, np.unique(segments), sorted(weights)


def told(name, square, found):
    values, hidden, segments, weighed = found
    print(f"{name}, the network looks at square {square} only ({greys.ravel()[square]:.2f} bright):")
    print(f"  segments {segments[0]} to {segments[-1]}, weights for {weighed[0]} to {weighed[-1]}")
    print("  weights of the squares", values.round(2) + 0.0, "hidden in", hidden.round(2))
    return values[square], hidden, len(segments)


middle = told("slic", 4, explained(4))
corner = told("slic", 8, explained(8))
zero = told("slic from 0", 8, explained(8, start_label=0))
right = abs(middle[0] - greys.ravel()[4]) < 0.02 and abs(zero[0] - greys.ravel()[8]) < 0.02 and zero[1].min() > 0.4
wrong = abs(corner[0]) < 1e-9 and corner[1][8] == 0 and corner[1][:8].min() > 0.4
sys.exit(0 if right and wrong and middle[2] == corner[2] == zero[2] == 9 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
