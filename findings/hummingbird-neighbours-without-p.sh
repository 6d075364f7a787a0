#!/usr/bin/env bash
# hummingbird-ml 0.4.12, scikit-learn 1.9.1, torch 2.13.0: the neighbours of a KNeighborsClassifier are those of p = 2
# whatever its p.
#
# Expected: `KNeighborsClassifier(p=1)` finds neighbours by the sum of absolute differences, as one does for
#   histograms and LBP features, and the converted model finds the same; `p` is that of the constructor.
# Seen: the converted model takes Euclidean distances, without a warning: other neighbours, other votes and, for one
#   face in seven here, another class. `metric="manhattan"`, which says the same, and `p=2`, the default, are right;
#   of a KNeighborsRegressor it is the same.
# Source: hummingbird/ml/operator_converters/sklearn/kneighbors.py, `_convert_kneighbors_model`, looks for `p` in
#   `metric_params` only, where scikit-learn does not put it.
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
from sklearn.neighbors import KNeighborsClassifier

generator = np.random.default_rng(0)
x = generator.dirichlet(np.full(16, 0.3), size=600).astype(np.float32)
labels = (x @ generator.normal(size=(16, 7))).argmax(axis=1)
known, asked = x[:400], x[400:]


def votes(p: float) -> np.ndarray:
    """The share of each class among the five nearest, by the definition of the distance."""
    far = (np.abs(asked[:, None] - known[None]).astype(float) ** p).sum(axis=2) ** (1 / p)
    return np.eye(7)[labels[:400][far.argsort(axis=1)[:, :5]]].mean(axis=1)


wrong, right = [], []
for name, p, told in (
    ("p=1", 1, {"p": 1}),
    ("p=3", 3, {"p": 3}),
    ("metric='manhattan'", 1, {"metric": "manhattan"}),
    ("p=2", 2, {}),
):
    model = KNeighborsClassifier(5, **told).fit(known, labels[:400])
    found = convert(model, "torch", asked, extra_config={"batch_size": len(asked)}).predict_proba(asked)
    reference, own = model.predict_proba(asked), votes(p)
    other = float(np.mean(np.abs(found - own).max(axis=1) > 0.1))
    print(f"{name}: scikit-learn {np.abs(reference - own).max():.1e} off the definition;", end=" ")
    print(f"hummingbird has other votes for {other:.1%} of the faces, and another class for", end=" ")
    print(f"{np.mean(found.argmax(axis=1) != own.argmax(axis=1)):.1%}")
    wrong.append(other > 0.1)
    right.append(np.allclose(reference, own) and np.allclose(found, votes(2) if wrong[-1] else own, atol=1e-5))
sys.exit(0 if wrong == [True, True, False, False] and all(right) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
