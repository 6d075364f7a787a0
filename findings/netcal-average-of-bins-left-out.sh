#!/usr/bin/env bash
# netcal 1.4.0, numpy 2.4.6: ACE with a `sample_threshold` divides by the bins that it leaves out.
#
# Expected: "bins with an amount of samples below this threshold are not included into the miscalibration metrics": the
#   average calibration error is the mean of |accuracy - confidence| over the bins that have enough faces.
# Seen: the small bins count as bins without an error: where every bin of a test of 1000 faces is off by 0.2, the ACE is 0.20
#   without a threshold, and with one it falls with every bin that is left out, to 0.04 for the last of five. A network seems
#   better the fewer bins are looked at. Bins without any face do not count, as it should be.
# Source: netcal/metrics/Miscalibration.py, `process`, divides by the number of bins that have any face; `binning` before it
#   sets accuracy and confidence of those below the threshold to 0 and leaves their number of faces as it is.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 netcal==1.4.0 numpy==2.4.6
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from netcal.metrics import ACE

# five of ten bins have faces: with a confidence of 0.55 35 % are right, and so on: each is 0.2 too sure
counts = {0.55: 20, 0.65: 60, 0.75: 120, 0.85: 300, 0.95: 500}
sure = np.concatenate([np.full(n, c) for c, n in counts.items()])
hits = np.concatenate([np.arange(n) < round(n * (c - 0.2)) for c, n in counts.items()])
# two classes, class 0 always has the confidence, and the label is 0 where the face is right
probs, labels = np.stack([sure, 1 - sure], axis=1), np.where(hits, 0, 1)


def own(threshold):
    """The mean over the bins with that many faces."""
    bins = np.minimum((sure * 10).astype(int), 9)
    kept = [b for b in np.unique(bins) if (bins == b).sum() >= threshold]
    return len(kept), float(np.mean([abs(hits[bins == b].mean() - sure[bins == b].mean()) for b in kept]))


right, wrong = [], []
for threshold in (1, 20, 50, 100, 200, 400):
    found = float(ACE(bins=10, sample_threshold=threshold).measure(probs, labels))
    kept, expected = own(threshold)
    print(f"bins of {threshold} or more faces, {kept} of 5: ACE {found:.4f}, by the definition {expected:.4f}")
    wrong.append(abs(found - expected) > 0.03)
    right.append(abs(found - expected * kept / 5) < 1e-6 and (wrong[-1] or abs(found - expected) < 1e-6))
sys.exit(0 if wrong == [False] * 2 + [True] * 4 and all(right) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
