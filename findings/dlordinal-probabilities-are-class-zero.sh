#!/usr/bin/env bash
# dlordinal 2.7.0, numpy 2.4.6, scikit-learn 1.9.1: of probabilities MES and GMES see the first class only.
#
# Expected: `mes` and `gmes`, the mean and the geometric mean of the sensitivities of the first and the last
#   intensity, take "predicted probabilities or labels", as `gmsec` and `amae` do: of probabilities the largest
#   counts.
# Seen: the probabilities are cut to whole numbers first, all of them 0, and the largest of nothing but zeros is the
#   first: the network seems to call every face neutral. MES is 0.5 and GMES 0 for any network, a perfect one too,
#   and for none of them is there a warning. `gmsec`, which is the same number as `gmes`, is right, and so are
#   labels.
# Source: dlordinal/metrics/metrics.py, `mes` and `gmes`: `_to_numpy(y_pred, dtype=int)` before `np.argmax`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.9.1
"$place/env/bin/pip" install --quiet --no-deps dlordinal==2.7.0
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from dlordinal.metrics import amae, gmes, gmsec, mes

INTENSITIES, FACES = 5, 500
generator = np.random.default_rng(0)
true = generator.integers(INTENSITIES, size=FACES)
wrong, right = [], []
for name, noise in (("a perfect network", 0.0), ("a good one", 1.0), ("a poor one", 3.0)):
    values = 3 * np.eye(INTENSITIES)[true] + noise * generator.normal(size=(FACES, INTENSITIES))
    probs = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    labels = probs.argmax(axis=1)
    first, last = ((labels == c)[true == c].mean() for c in (0, INTENSITIES - 1))
    own = np.array([(first + last) / 2, np.sqrt(first * last)])
    of_probs = np.array([mes(true, probs), gmes(true, probs)])
    of_labels = np.array([mes(true, labels), gmes(true, labels)])
    print(
        "{}: MES {:.3f}, GMES {:.3f} of probabilities; {:.3f}, {:.3f} of labels; {:.3f}, {:.3f} by the definition; "
        "GMSEC of probabilities {:.3f}".format(name, *of_probs, *of_labels, *own, gmsec(true, probs))
    )
    wrong.append(np.allclose(of_probs, (0.5, 0)))
    right += [np.allclose(of_labels, own), np.isclose(gmsec(true, probs), own[1])]
    right.append(np.isclose(amae(true, probs), amae(true, labels)))
sys.exit(0 if all(wrong) and all(right) else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
