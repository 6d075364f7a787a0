#!/usr/bin/env bash
# quantus 0.6.0, torch 2.13.0: Monotonicity is True for every explanation of every network.
#
# Expected: the face's pixels come into an empty picture, the least important first, and the class's probability must not
#   fall at any step (Arya et al., 2019; Luss et al., 2019): that depends on the network and on the order.
# Seen: True for the true contributions, for their opposite and for random numbers, also for a network whose probability
#   falls with half of the pixels, with "black" and with "white". The network is shown one blank picture in all steps.
# Source: quantus/metrics/faithfulness/monotonicity.py, `evaluate_batch`, starts from a picture full of the baseline and
#   has `perturb_func` put the baseline into it again; the face's own pixels are never used.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 quantus==0.6.0
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import quantus
import torch

SIZE = 6
random = np.random.default_rng(0)
faces = random.random((20, 1, SIZE, SIZE)).astype(np.float32)
labels = np.ones(20, int)
shown = []


class Weighted(torch.nn.Module):
    """Two classes; the logit of the second is a weighted sum of the pixels. It keeps what it is shown."""

    def __init__(self, weights):
        super().__init__()
        self.weights = torch.tensor(weights, dtype=torch.float32)

    def forward(self, pictures):
        shown.append(pictures.detach().numpy().copy())
        return torch.stack([torch.zeros(len(pictures)), (pictures * self.weights).sum(dim=(1, 2, 3))], dim=1)


def own(network, explanations):
    """What the papers describe, from black."""
    answers = []
    for face, explanation in zip(faces, explanations):
        steps = [np.zeros_like(face)]
        for pixel in np.argsort(explanation, axis=None):
            steps.append(steps[-1].copy())
            steps[-1].flat[pixel] = face.flat[pixel]
        with torch.no_grad():
            curve = network(torch.tensor(np.stack(steps))).softmax(dim=1)[:, 1].numpy()
        answers.append(bool((np.diff(curve) >= 0).all()))
    return np.array(answers)


rising = np.linspace(0.01, 0.3, SIZE * SIZE).reshape(1, SIZE, SIZE)
both = rising * np.where(np.arange(SIZE * SIZE) % 2, 1, -1).reshape(1, SIZE, SIZE)
theirs, right, kinds = [], [], []
for network_name, weights in (("only rises", rising), ("rises and falls", both)):
    network = Weighted(weights).eval()
    true = (faces * weights).astype(np.float32)
    noise = random.random(true.shape, np.float32)
    for name, explanations in (("true", true), ("opposite", true.max() - true), ("random", noise)):
        right.append(own(network, explanations).mean())
        for baseline in ("black", "white"):
            metric = quantus.Monotonicity(abs=False, normalise=False, perturb_baseline=baseline, disable_warnings=True)
            shown.clear()
            theirs.append(np.mean(metric(network, faces, labels, explanations, device="cpu")))
            kinds.append(len(np.unique(np.stack(shown).reshape(len(shown), -1).round(6), axis=0)))
        print(
            f"network that {network_name}, {name} contributions: quantus {theirs[-2]:.0%} black, {theirs[-1]:.0%} white, "
            f"own {right[-1]:.0%}; {kinds[-1]} different pictures in {SIZE * SIZE} steps"
        )
sys.exit(0 if min(theirs) == 1 and right == [1, 1, 1, 0, 0, 0] and max(kinds) == 1 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
