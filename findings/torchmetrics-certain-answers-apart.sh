#!/usr/bin/env bash
# torchmetrics 1.9.0, torch 2.13.0, netcal 1.4.0: the calibration error has a bin more for answers that are certain.
#
# Expected: `n_bins` bins from 0 to 1, the last with 1 in it, so that with a single bin the error is the distance between
#   mean confidence and accuracy.
# Seen: confidences of exactly 1, which a softmax in half precision gives often, have a bin of their own beyond the last.
#   Answers of 1.0 that are right too seldom and others of 0.95 that are right too often do not make up for each other
#   in one bin, and the error of one bin, as of 10 and 15, is 0.115 in place of 0.085, which netcal gives.
# Source: torchmetrics/functional/classification/calibration_error.py, `_binning_bucketize`, makes a sum for each border.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 torchmetrics==1.9.0 netcal==1.4.0
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import torch
from netcal.metrics import ECE
from torchmetrics.functional.classification import multiclass_calibration_error

confidence = np.where(np.arange(1000) < 500, 1.0, 0.95)
right = np.ones(1000, bool)
right[:100] = right[500:510] = False  # 80 of 100 of the certain ones, 98 of the others
shares = np.stack([confidence, 1 - confidence, np.zeros(1000)], axis=1)
labels = np.where(right, 0, 1 + np.arange(1000) % 2)
print(f"mean confidence less accuracy: {confidence.mean() - right.mean():.3f}")
found = []
for bins in (1, 10, 15):
    theirs = float(multiclass_calibration_error(torch.from_numpy(shares).float(), torch.from_numpy(labels), 3, bins))
    found.append((theirs, float(ECE(bins).measure(shares, labels))))
    print(f"{bins} bins: torchmetrics {found[-1][0]:.3f}, netcal {found[-1][1]:.3f}")
sys.exit(0 if all(abs(a - 0.115) < 1e-3 and abs(b - 0.085) < 1e-3 for a, b in found) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
