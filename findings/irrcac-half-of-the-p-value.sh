#!/usr/bin/env bash
# irrCAC 0.4.4, pandas 2.2.3, scipy 1.12.0, numpy 1.26.4: the p-value of one of the agreement coefficients is half
# of it.
#
# Expected: the class of raw ratings gives a p-value for each coefficient, two-sided by Student's t with one degree
#   of freedom less than faces: 2 * (1 - F(|z|)), so that it is below 0.05 where the interval of 95 % beside it is
#   without 0.
# Seen: so it is for Gwet's AC1, Fleiss, Krippendorff and Conger. That of Brennan and Prediger is 1 - F(|z|),
#   without a word: for 20 faces and two annotators p = 0.036 where the interval is from -0.03 to 0.68, and next to
#   it Gwet's AC1 has p = 0.066 for a larger z. The package's own class of tables has the two-sided one for Brennan
#   and Prediger, too.
# Source: irrCAC/raw.py, `CAC.bp`: `p_value` lacks the factor 2 of the other four.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==1.26.4 pandas==2.2.3 scipy==1.12.0
"$place/env/bin/pip" install --quiet --no-deps irrCAC==0.4.4
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from irrCAC.table import CAC as TableCAC
from scipy import stats

FACES = 20
generator = np.random.default_rng(0)
one = generator.integers(0, 3, FACES)
two = np.where(generator.uniform(size=FACES) < 0.25, one, generator.integers(0, 3, FACES))
ratings = pd.DataFrame({"Ada": one, "Ben": two})
raw, table = CAC(ratings), TableCAC(pd.crosstab(ratings["Ada"], ratings["Ben"]))
ratio = {}
for name, found in [(n, getattr(raw, n)()["est"]) for n in ("bp", "gwet", "fleiss", "krippendorff", "conger")] + [
    ("bp of the table", table.bp()["est"])
]:
    z, p, (low, high) = float(found["z"]), float(found["p_value"]), found["confidence_interval"]
    own = 2 * stats.t.sf(abs(z), FACES - 1)
    ratio[name] = p / own
    print(f"{name}: z {z:.3f}, p {p:.4f}, two-sided {own:.4f}; interval of 95 % from {low:.3f} to {high:.3f}")
# the coefficient itself, by the definition
agree = (one == two).mean()
right = np.isclose(raw.bp()["est"]["coefficient_value"], (agree - 1 / 3) / (1 - 1 / 3), atol=1e-4)
half = ratio.pop("bp")
print(f"p-value of Brennan and Prediger divided by the two-sided one: {half:.3f}; of the others", end=" ")
print(", ".join(f"{r:.3f}" for r in ratio.values()))
sys.exit(0 if right and abs(half - 0.5) < 0.001 and all(abs(r - 1) < 0.002 for r in ratio.values()) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
