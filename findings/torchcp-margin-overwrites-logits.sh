#!/usr/bin/env bash
# torchcp 1.2.1, torch 2.13.0: the Margin score writes -1 over the right class's value, also in the caller's logits.
#
# Expected: Margin takes the score types of LAC ("softmax", "log_softmax", "identity"), and a face's score is the same
#   whether it is asked for its label (calibration) or for all classes (prediction). Logits handed over stay as they are.
# Seen: with "identity" each calibration face's logit of its right class is -1 afterwards: the accuracy computed from the
#   same tensor falls from 0.96 to 0. Where all other values are below -1, as those of "log_softmax" are for a face that the
#   network is sure of, -1 counts as the runner-up: sets for 0.9 cover 0.93, and 1.0 where all logits are 6 lower.
# Source: torchcp/classification/score/margin.py, `_calculate_single_label`, writes -1 into what it was given.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy scikit-learn tqdm
"$place/env/bin/pip" install --quiet --no-deps torchcp==1.2.1
cat > "$place/try.py" <<'PYTHON'
import math
import sys
from unittest.mock import MagicMock

# its losses and graphs need packages that are built from source; the score needs none of them
for name in ("torchsort", "torchcp.graph", "torchcp.llm"):
    sys.modules[name] = MagicMock()

import torch
from torchcp.classification.predictor import SplitPredictor
from torchcp.classification.score import Margin

FACES, CLASSES, ALPHA = 8000, 7, 0.1
torch.manual_seed(0)
labels = torch.randint(0, CLASSES, (FACES,))
logits = torch.randn(FACES, CLASSES) * 1.5
logits[torch.arange(FACES), labels] += 5
half = FACES // 2


def share(these):
    """How many faces have their right class in front."""
    return float((these.argmax(dim=1) == labels).float().mean())


def of_the_rest(sets):
    """Coverage and mean size of the sets of the second half."""
    return float(sets[torch.arange(half), labels[half:]].float().mean()), float(sets.float().sum(dim=1).mean())


def own(values):
    """Split conformal sets of the margin, by its definition."""
    scores = torch.empty_like(values)
    for c in range(CLASSES):
        scores[:, c] = values[:, torch.arange(CLASSES) != c].amax(dim=1) - values[:, c]
    calibration = scores[torch.arange(half), labels[:half]].sort().values
    return of_the_rest(scores[half:] <= calibration[math.ceil((half + 1) * (1 - ALPHA)) - 1])


kinds = {"softmax": lambda x: x.softmax(dim=1), "log_softmax": lambda x: x.log_softmax(dim=1), "identity": lambda x: x}
found, after = {}, {}
for kind, transform in kinds.items():
    given = logits.clone()
    Margin(score_type=kind)(given, labels)
    after[kind] = share(given)
    print(f"{kind}: accuracy of the logits {share(logits):.3f} before, {after[kind]:.3f} after the calibration scores")
    for shift in (0, -6):
        moved = logits + shift
        predictor = SplitPredictor(score_function=Margin(score_type=kind), alpha=ALPHA)
        predictor.calculate_threshold(moved[:half].clone(), labels[:half])
        found[kind, shift] = of_the_rest(predictor.predict_with_logits(moved[half:].clone()))
        right = own(transform(moved))
        print(
            f"  logits {shift:+d}: coverage {found[kind, shift][0]:.3f} with {found[kind, shift][1]:.3f} classes, "
            f"by the definition {right[0]:.3f} with {right[1]:.3f}"
        )
overwritten = after["identity"] < 0.1 < 0.9 < after["softmax"]
too_wide = found["identity", -6][0] > 0.98 and found["log_softmax", 0][0] > 0.92
sys.exit(0 if overwritten and too_wide and abs(found["softmax", 0][0] - 0.9) < 0.02 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
