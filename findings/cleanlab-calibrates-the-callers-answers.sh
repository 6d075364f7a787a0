#!/usr/bin/env bash
# cleanlab 2.9.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1: an ensemble's answers are overwritten when
# calibrated.
#
# Expected: `get_label_quality_multiannotator_ensemble(votes, pred_probs, calibrate_probs=True)` calibrates for its
#   own use, as `get_label_quality_multiannotator` does for one network: the array of answers stays as it is, and a
#   second call with it gives what it gives with a fresh copy.
# Seen: each network's answers are replaced in the caller's array, without a word. What is computed from it afterwards
#   is of other answers: here their mean confidence falls from 0.89 to 0.44, and a call without calibration gives
#   qualities up to 0.34 off, those of the calibrated answers. With one network's function the array is left alone.
# Source: cleanlab/multiannotator.py, `get_label_quality_multiannotator_ensemble`, writes `pred_probs[i]` in the loop.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.9.1 pandas==3.1.1 tqdm termcolor
"$place/env/bin/pip" install --quiet --no-deps cleanlab==2.9.0
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from cleanlab.multiannotator import get_label_quality_multiannotator, get_label_quality_multiannotator_ensemble

FACES, CLASSES, PEOPLE = 300, 4, 5
generator = np.random.default_rng(0)
true = generator.integers(CLASSES, size=FACES)
knows = generator.random((FACES, PEOPLE)) < 0.7
votes = np.where(knows, true[:, None], generator.integers(CLASSES, size=(FACES, PEOPLE))).astype(float)


def network(scale):
    logits = generator.normal(size=(FACES, CLASSES))
    logits[np.arange(FACES), true] += 2
    powers = np.exp(scale * logits)
    return powers / powers.sum(axis=1, keepdims=True)


def quality(answers, **options):
    found = get_label_quality_multiannotator_ensemble(votes, answers, verbose=False, **options)
    return found["label_quality"]["consensus_quality_score"].to_numpy()


given = np.stack([network(3), network(2)])
kept = given.copy()
plain = quality(kept.copy())
calibrated = quality(given, calibrate_probs=True)
after = quality(given)
single = kept[0].copy()
get_label_quality_multiannotator(votes, single, calibrate_probs=True, verbose=False)
sure = [float(answers.max(axis=2).mean(axis=1)[0]) for answers in (kept, given)]
print(f"first network's mean confidence: {sure[0]:.3f} before the call, {sure[1]:.3f} after it")
print(f"qualities without calibration: up to {np.abs(after - plain).max():.3f} off those before the call")
print(f"and up to {np.abs(after - calibrated).max():.3f} off those with calibration")
print(f"one network's function changes its answers by {np.abs(single - kept[0]).max():.3f}")
wrong = np.abs(given - kept).max() > 0.2 and sure[1] < sure[0] - 0.2 and np.abs(after - plain).max() > 0.2
sys.exit(0 if wrong and np.abs(after - calibrated).max() < 1e-9 and np.array_equal(single, kept[0]) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
