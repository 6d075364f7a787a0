#!/usr/bin/env bash
# mapie 1.6.0, numpy 2.4.6, scikit-learn 1.9.1: the calibration error with bins of equal size puts all faces into one bin.
#
# Expected: `split_strategy="array split"` splits the scores into `num_bins` groups of equal size (as `np.array_split` does
#   with what is sorted), whatever the order of the faces. It is the usual way for a network whose scores crowd near 1.
# Seen: with faces in the order of a data set nearly all of them are in one bin, so that what is above and what is below the
#   diagonal cancels out: 0.008 where bins of equal size give 0.12. The same faces sorted by score give 0.12, too. Only the
#   mean of the score is measured, and every calibrator that gets that right looks perfect. `top_label_ece` has it as well.
# Source: mapie/metrics/calibration.py, `_get_binning_groups`, splits the scores as they come and takes each part's largest.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet mapie==1.6.0 numpy==2.4.6 scikit-learn==1.9.1
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from mapie.metrics.calibration import expected_calibration_error, top_label_ece

FACES, BINS = 5000, 10
random = np.random.default_rng(0)
scores = random.random(FACES)
# too sure at both ends: half as far from a half as it says
right = (random.random(FACES) < 0.5 + (scores - 0.5) / 2).astype(int)


def own(scores, right):
    """The error over groups of equal size, by its definition."""
    groups = np.array_split(np.argsort(scores), BINS)
    return sum(abs(right[g].mean() - scores[g].mean()) * len(g) for g in groups) / len(scores)


def found(order, strategy):
    return expected_calibration_error(right[order], scores[order], num_bins=BINS, split_strategy=strategy)


given, ordered = np.arange(FACES), np.argsort(scores)
shuffled = found(given, "array split")
print(f"groups of equal size: as given {shuffled:.4f}, sorted {found(ordered, 'array split'):.4f}")
print(f"own: as given {own(scores, right):.4f}, sorted {own(scores[ordered], right[ordered]):.4f}")
print(f"uniform {found(given, 'uniform'):.4f}, quantile {found(given, 'quantile'):.4f}")
whole = abs(right.mean() - scores.mean())
print(f"distance between the means of all faces: {whole:.4f}")
labels = np.zeros(FACES, int)
top = [
    top_label_ece(np.where(right[o], 0, 1), scores[o], labels, num_bins=BINS, split_strategy="array split")
    for o in (given, ordered)
]
print(f"top label: as given {top[0]:.4f}, sorted {top[1]:.4f}")
near = abs(found(ordered, "array split") - own(scores, right)) < 0.01 and abs(top[1] - own(scores, right)) < 0.01
controls = found(given, "uniform") > 0.1 and found(given, "quantile") > 0.1
sys.exit(0 if near and controls and shuffled < 0.01 and top[0] < 0.01 and own(scores, right) > 0.1 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
