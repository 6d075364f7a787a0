#!/usr/bin/env bash
# uncertainty-toolbox 0.1.1, numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1: calibration by quantiles looks at the
# other side.
#
# Expected: with `prop_type="quantile"` the observed share for a quantile of 10 % is that of faces whose true value
#   (valence, age) lies under the predicted quantile of 10 %, as `get_quantile` gives it. A recalibration by these
#   shares moves the quantiles to where 10 % are under them.
# Seen: it is the share of faces whose value lies above the quantile of 90 %. For predictions without a bias that is
#   much the same. Where all are too low by 0.4, 0.02 of the faces lie under the quantile of 10 %, and 0.31 is said;
#   recalibrated, the median that 0.22 of the faces were under is one that 0.06 are under: the bias is doubled
#   instead of taken away. Told the same with all signs turned, the recalibration is right.
# Source: uncertainty_toolbox/metrics_calibration.py, `get_proportion_under_quantile` and
#   `get_proportion_lists_vectorized`: the residual that is compared with the quantile is `y_pred - y_true`; also in
#   `miscalibration_area`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 matplotlib==3.11.2 tqdm
"$place/env/bin/pip" install --quiet --no-deps uncertainty-toolbox==0.1.1
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import uncertainty_toolbox as toolbox
from scipy.stats import norm
from uncertainty_toolbox.metrics_calibration import get_proportion_lists_vectorized, get_quantile

FACES = 4000
generator = np.random.default_rng(0)
true = generator.normal(size=FACES)
std = np.full(FACES, 0.5)
predictions = {"without a bias": true + 0.5 * generator.normal(size=FACES)}
predictions["too low by 0.4"] = predictions["without a bias"] - 0.4
wrong, right = [], []
for name, predicted in predictions.items():
    told, said = get_proportion_lists_vectorized(predicted, std, true, num_bins=101, prop_type="quantile")
    turned = get_proportion_lists_vectorized(-predicted, std, -true, num_bins=101, prop_type="quantile")[1]
    model, other = toolbox.iso_recal(told, said), toolbox.iso_recal(told, turned)
    for q in (0.1, 0.5, 0.9):
        own = (true <= predicted + std * norm.ppf(q)).mean()
        above = (true >= predicted + std * norm.ppf(1 - q)).mean()
        before, after, by_turned = ((true <= get_quantile(predicted, std, q, m)).mean() for m in (None, model, other))
        print(
            f"{name}, quantile of {q}: {said[round(q * 100)]:.3f} said, {own:.3f} are under it, {above:.3f} above "
            f"that of {1 - q:.1f}; under it once recalibrated {after:.3f}, with the sign turned {by_turned:.3f}"
        )
        right.append(abs(before - own) < 1e-9 and abs(said[round(q * 100)] - above) < 1e-3)
        right.append(abs(by_turned - q) < 0.03)
        wrong.append(abs(said[round(q * 100)] - own) > 0.25 and abs(after - q) > abs(before - q) + 0.01)
sys.exit(0 if wrong == [False] * 3 + [True] * 3 and all(right) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
