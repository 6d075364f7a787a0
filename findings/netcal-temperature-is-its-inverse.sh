#!/usr/bin/env bash
# netcal 1.4.0, torch 2.13.0, scipy 1.17.1: TemperatureScaling's `temperature` is one divided by the temperature.
#
# Expected: the class is documented as sigma(s / T) with the temperature T (Guo et al., 2017), and `temperature` is the "getter
#   for temperature of temperature scaling": for a network that is too sure it is above 1, and logits are divided by it.
# Seen: logits that are three times too large have a temperature of 0.33. Who divides by it, in an exported model or in an own
#   evaluation, makes them nine times too large: the expected calibration error grows from 0.29 to 0.43 instead of falling
#   to 0.02. `transform` is right, and logits multiplied with `temperature` give the same.
# Source: netcal/scaling/TemperatureScaling.py, `temperature`, hands out the weight that logits are multiplied with.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 netcal==1.4.0 scipy==1.17.1
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from netcal.scaling import TemperatureScaling
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

FACES, CLASSES, SHARP = 6000, 7, 3.0
random = np.random.default_rng(0)
honest = 1.5 * random.normal(size=(FACES, CLASSES))
labels = np.array([random.choice(CLASSES, p=p) for p in softmax(honest, axis=1)])
logits = SHARP * honest
half = FACES // 2


def error(values):
    """The expected calibration error of the second half, with 15 bins."""
    probs = softmax(values, axis=1)
    sure, right = probs.max(axis=1), probs.argmax(axis=1) == labels[half:]
    bins = np.minimum((sure * 15).astype(int), 14)
    return sum(abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))


def loss(temperature):
    return -log_softmax(logits[:half] / temperature, axis=1)[np.arange(half), labels[:half]].mean()


method = TemperatureScaling()
method.fit(softmax(logits[:half], axis=1), labels[:half])
given = float(np.asarray(method.temperature).squeeze())
own = float(minimize_scalar(loss, bounds=(0.05, 20), method="bounded").x)
transformed = method.transform(softmax(logits[half:], axis=1))
print(f"the logits are {SHARP:g} times too large; temperature {given:.4f}, by least loss {own:.4f}")
found = {
    "as they are": error(logits[half:]),
    "divided by `temperature`": error(logits[half:] / given),
    "divided by the one with the least loss": error(logits[half:] / own),
    "as `transform` gives them": error(np.log(transformed)),
}
for name, value in found.items():
    print(f"logits {name}: expected calibration error {value:.4f}")
same = np.abs(transformed - softmax(logits[half:] / own, axis=1)).max() < 0.01
wrong = found["divided by `temperature`"] > found["as they are"] + 0.05
sys.exit(0 if same and wrong and abs(given * own - 1) < 0.02 and abs(own - SHARP) < 0.2 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
