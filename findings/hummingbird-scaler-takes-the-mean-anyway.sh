#!/usr/bin/env bash
# hummingbird-ml 0.4.12, scikit-learn 1.9.1, torch 2.13.0: a StandardScaler that is to leave the mean subtracts it.
#
# Expected: `StandardScaler(with_mean=False)` divides by the standard deviation and nothing else, as one does where
#   zero has to stay zero (histograms, maps after a ReLU), and the converted model does the same.
# Seen: the converted model subtracts the mean before it divides, without a warning: zero is not zero any more, and a
#   network or classifier behind it gets other features. With both steps, or with `with_std=False`, it is right.
# Source: hummingbird/ml/operator_converters/sklearn/scaler.py, `convert_sklearn_standard_scaler`, takes `mean_`,
#   which scikit-learn keeps with `with_mean=False` as well, and does not look at `with_mean`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet hummingbird-ml==0.4.12 scikit-learn==1.9.1 torch==2.13.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from hummingbird.ml import convert
from sklearn.preprocessing import StandardScaler

x = np.maximum(np.random.default_rng(0).normal(size=(500, 8)), 0).astype(np.float32)
mean, deviation = x.mean(axis=0), x.std(axis=0)
wrong, right = [], []
for told in ({"with_mean": False}, {"with_std": False}, {}):
    model = StandardScaler(**told).fit(x)
    own = (x - (0 if "with_mean" in told else mean)) / (1 if "with_std" in told else deviation)
    reference, found = model.transform(x), convert(model, "torch").transform(x)
    print(f"{told or 'both'}: {(found == 0).mean():.1%} zeros of {(own == 0).mean():.1%};", end=" ")
    print(f"scikit-learn {np.abs(reference - own).max():.1e}, hummingbird {np.abs(found - own).max():.1e} off")
    wrong.append(bool(np.abs(found - own).max() > 0.1))
    right.append(np.allclose(reference, own, atol=1e-4))
    right.append(np.allclose(found, (x - mean) / deviation if wrong[-1] else own, atol=1e-4))
sys.exit(0 if wrong == [True, False, False] and all(right) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
