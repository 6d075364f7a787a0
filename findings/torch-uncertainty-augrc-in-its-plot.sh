#!/usr/bin/env bash
# torch-uncertainty 0.13.0, torch 2.13.0, torchmetrics 1.9.0, matplotlib 3.11.2: the plot of AUGRC says another AUGRC.
#
# Expected: `plot` of AUGRC writes the metric into the picture, as that of AURC does: the mean over all numbers k of most
#   confident faces of the share of all faces that are among these k and wrong (Traub et al., 2024).
# Seen: `compute` is that, 11.57 % for a network that is wrong where it is unsure, and the picture says 5.78 %, half of it.
#   For one that is wrong where it is sure it says a fifth more. AURC's picture says what AURC's `compute` says.
# Source: torch_uncertainty/metrics/classification/risk_coverage.py, `AUGRC.plot`: the error rates are turned around, so that
#   the one of all faces comes first, and are then multiplied with coverages that still begin at none.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 torchmetrics==1.9.0 matplotlib==3.11.2 numpy
"$place/env/bin/pip" install --quiet --no-deps torch-uncertainty==0.13.0
cat > "$place/try.py" <<'PYTHON'
import importlib.util
import sys

import matplotlib

matplotlib.use("Agg")
import numpy as np
import torch

# the module alone: the package's own start needs a trainer and pictures
folder = importlib.util.find_spec("torch_uncertainty").submodule_search_locations[0]
file = importlib.util.spec_from_file_location("curve", f"{folder}/metrics/classification/risk_coverage.py")
module = importlib.util.module_from_spec(file)
file.loader.exec_module(module)

FACES = 4000
generator = np.random.default_rng(0)


def numbers(kind, sure, wrong):
    """The metric by itself, the number in its picture, and by the definition."""
    metric = kind()
    probs = torch.from_numpy(np.stack([sure, 1 - sure], axis=1))
    metric.update(probs, torch.from_numpy(wrong.astype(int)))
    said = metric.plot()[1].texts[0].get_text()
    order = np.argsort(-sure)
    among = np.cumsum(wrong[order])
    own = among / FACES if kind is module.AUGRC else among / np.arange(1, FACES + 1)
    return float(metric.compute()), float(said.split("=")[1].rstrip("%")) / 100, float(own.mean())


sure = generator.uniform(0.5, 1, size=FACES)
chance = generator.uniform(size=FACES)
networks = {
    "a third wrong, where it is unsure": chance < (1 - sure) * 4 / 3,
    "half wrong, where it is unsure": chance < (1 - sure) * 2,
    "a third wrong, where it is sure": chance < (sure - 0.5) * 4 / 3,
}
found = {}
for name, wrong in networks.items():
    for kind in (module.AUGRC, module.AURC):
        itself, picture, own = found[name, kind.__name__] = numbers(kind, sure, wrong)
        print(f"{name}: {kind.__name__} {itself:.2%}, in the picture {picture:.2%}, by the definition {own:.2%}")
right = all(abs(itself - own) < 0.002 for itself, _, own in found.values())
same = all(abs(picture - own) < 0.002 for (_, kind), (_, picture, own) in found.items() if kind == "AURC")
apart = [picture / own for (_, kind), (_, picture, own) in found.items() if kind == "AUGRC"]
print("the number in the picture, divided by the one by the definition:", ", ".join(f"{a:.2f}" for a in apart))
sys.exit(0 if right and same and max(apart[:2]) < 0.6 and apart[2] > 1.1 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
