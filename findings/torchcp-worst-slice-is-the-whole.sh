#!/usr/bin/env bash
# torchcp 1.2.1, torch 2.13.0: the worst-slice coverage is the coverage of all, whatever the prediction sets.
#
# Expected: WSC looks for the slab of the features' space in which prediction sets cover worst (Romano et al., 2020), and
#   gives the coverage there on data that was held out: the number that shows a group of faces that is served badly.
# Seen: among faces of which a sixth, all at one side, is covered in 29 of 100 cases, it gives 0.85, the coverage of all,
#   where a search of our own finds 0.32. It looks for the slab in which the numbers of the classes are lowest.
# Source: torchcp/classification/utils/metrics.py: `WSC` hands what is covered and the labels to `calWSC`, which takes them
#   the other way round.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy scikit-learn tqdm
"$place/env/bin/pip" install --quiet --no-deps torchcp==1.2.1
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# its losses and graphs need packages that are built from source; the metric needs none of them
for name in ("torchsort", "torchcp.graph", "torchcp.llm"):
    sys.modules[name] = MagicMock()

import numpy as np
import torch
from torchcp.classification.utils.metrics import WSC

FACES, CLASSES, DELTA = 4000, 7, 0.1
random = np.random.default_rng(0)
features, labels = random.normal(size=(FACES, 2)), random.integers(0, CLASSES, FACES)
badly = features[:, 0] > 1
covered = random.random(FACES) < np.where(badly, 0.35, 0.97)
sets = random.random((FACES, CLASSES)) < 0.2
sets[np.arange(FACES), labels] = covered


def worst_slab(x, hit, share, directions):
    """The slab with at least `share` of the points and the lowest mean of `hit`, as (direction, from, to)."""
    best = (1.0, None, None, None)
    for direction in directions:
        along = x @ direction
        order = np.argsort(along)
        sums = np.concatenate([[0], np.cumsum(hit[order])])
        least = int(share * len(x))
        for start in range(len(x) - least + 1):
            ends = np.arange(start + least, len(x) + 1)
            means = (sums[ends] - sums[start]) / (ends - start)
            if means.min() < best[0]:
                end = ends[means.argmin()] - 1
                best = (means.min(), direction, along[order[start]], along[order[end]])
    return best[1:]


directions = random.normal(size=(50, 2))
directions /= np.linalg.norm(directions, axis=1, keepdims=True)
searched = np.arange(FACES) < FACES // 4
direction, low, high = worst_slab(features[searched], covered[searched], DELTA, directions)
along = features[~searched] @ direction
own = covered[~searched][(along >= low) & (along <= high)].mean()
theirs = WSC(torch.tensor(features), torch.tensor(sets), torch.tensor(labels), delta=DELTA, M=50)
perfect = sets.copy()
perfect[np.arange(FACES), labels] = ~badly
none = WSC(torch.tensor(features), torch.tensor(perfect), torch.tensor(labels), delta=DELTA, M=50)
print(f"coverage of all {covered.mean():.3f}, of the {badly.mean():.0%} at one side {covered[badly].mean():.3f}")
print(f"worst slice: torchcp {theirs:.3f}, own search {own:.3f}")
print(f"with none of that side covered and all others: torchcp {none:.3f}, coverage of all {(~badly).mean():.3f}")
as_all = abs(theirs - covered.mean()) < 0.02 and abs(none - (~badly).mean()) < 0.02
sys.exit(0 if as_all and own < 0.5 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
