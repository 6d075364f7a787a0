#!/usr/bin/env bash
# krippendorff 0.9.0, numpy 2.4.6: alpha of ratings in bytes takes one below for two hundred and fifty-five above.
#
# Expected: Krippendorff's alpha is of the ratings, not of their type: intensities of 1 to 5 give the same in float64,
#   int64 and uint8, as annotations are often kept. The level "interval" takes the squared difference of two ratings,
#   "ratio" that divided by their sum.
# Seen: for unsigned integers 1 - 2 is 255, in one order of each pair: three annotators who agree to a point have 0.27
#   in place of 0.75 with the level "interval", which is the default, and 0.10 in place of 0.67 with "ratio", without
#   a warning. A `value_domain` of bytes beside counts of votes does the same. Nominal and ordinal levels are right,
#   and so is int8.
# Source: krippendorff/krippendorff.py, `_interval_metric` and `_ratio_metric`, convert the difference after it is
#   taken.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6
"$place/env/bin/pip" install --quiet --no-deps krippendorff==0.9.0
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from krippendorff import alpha

generator = np.random.default_rng(0)
true = generator.integers(1, 6, size=100)
ratings = np.clip(true + generator.integers(-1, 2, size=(3, 100)), 1, 5)
counts = np.stack([(ratings == value).sum(axis=0) for value in range(1, 6)], axis=1)
LEVELS = {
    "nominal": lambda a, b: float(a != b),
    "interval": lambda a, b: (a - b) ** 2,
    "ratio": lambda a, b: ((a - b) / (a + b)) ** 2,
}


def own(distance):
    """One minus the mean distance within a face, divided by that among all ratings."""
    within = [distance(float(a), float(b)) for face in ratings.T for i, a in enumerate(face) for b in face[i + 1 :]]
    every = ratings.ravel()
    among = [distance(float(a), float(b)) for i, a in enumerate(every) for b in every[i + 1 :]]
    return 1 - float(np.mean(within) / np.mean(among))


right, wrong = [], []
for level, distance in LEVELS.items():
    found = {
        kind.__name__: float(alpha(reliability_data=ratings.astype(kind), level_of_measurement=level))
        for kind in (np.float64, np.int64, np.int8, np.uint8, np.uint16)
    }
    domain = np.arange(1, 6, dtype=np.uint8)
    found["counts"] = float(alpha(value_counts=counts, value_domain=domain, level_of_measurement=level))
    expected = own(distance)
    print(f"{level}: by the definition {expected:.4f};", ", ".join(f"{k} {v:.4f}" for k, v in found.items()))
    right += [abs(found[kind] - expected) < 1e-9 for kind in ("float64", "int64", "int8")]
    off = [abs(found[kind] - expected) > 0.2 for kind in ("uint8", "uint16", "counts")]
    if level == "nominal":
        right.append(not any(off))
    else:
        wrong += off
sys.exit(0 if all(right) and all(wrong) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
