#!/usr/bin/env bash
# grad-cam 1.5.7, torch 2.13.0: AblationCAM that shall ablate three quarters of the channels weighs a few of them.
#
# Expected: `ratio_channels_to_ablate` is the share of the channels that is ablated, so 0.25 costs a quarter of the passes,
#   and the larger it is, the nearer the map is to that of all channels.
# Seen: 0.25 ablates half of them and 0.5 all. Beyond 0.5 some are ablated twice, at up to twice the cost of all, and from
#   the first of these on every channel's weight is 0: at 0.75 a single one of 64 channels has one, without a word.
# Source: pytorch_grad_cam/ablation_layer.py, `activations_to_be_ablated`, takes that share from both ends of the order;
#   pytorch_grad_cam/ablation_cam.py, `assemble_ablation_scores`, stays at a channel that is there twice.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy scikit-learn opencv-python-headless matplotlib tqdm
"$place/env/bin/pip" install --quiet --no-deps grad-cam==1.5.7 ttach==0.0.3
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# only needed for detectors and for reading pictures, and large
for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional"):
    sys.modules[name] = MagicMock()

import numpy as np
import torch
from pytorch_grad_cam import AblationCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

CHANNELS = 64
torch.manual_seed(0)
network = nn.Sequential(
    nn.Conv2d(3, CHANNELS, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS, 7)
).eval()
nn.init.uniform_(network[4].weight, 0, 1)
nn.init.zeros_(network[4].bias)
picture = torch.randn(1, 3, 24, 24)
with torch.no_grad():
    features = network[:2](picture)
    score = network[2:](features)[0, 3]
    right = np.zeros(CHANNELS, np.float32)
    for channel in range(CHANNELS):
        without = features.clone()
        without[:, channel] = 0
        right[channel] = (score - network[2:](without)[0, 3]) / score


class Kept(AblationCAM):
    """AblationCAM that keeps the weights it found."""

    def get_cam_weights(self, *arguments, **named):
        self.weights = super().get_cam_weights(*arguments, **named)
        return self.weights


found, maps = {}, {}
for ratio in (1.0, 0.25, 0.5, 0.55, 0.75, 0.95):
    passes = []
    hook = network[4].register_forward_hook(lambda module, given, out: passes.append(len(out)))
    cam = Kept(network, [network[1]], ratio_channels_to_ablate=ratio)
    maps[ratio] = cam(picture, [ClassifierOutputTarget(3)])[0]
    hook.remove()
    weights = cam.weights[0]
    true = int(np.isclose(weights, right, atol=1e-5).sum())
    found[ratio] = (int((weights != 0).sum()), true)
    alike = np.corrcoef(maps[ratio].ravel(), maps[1.0].ravel())[0, 1]
    # two passes are the picture itself
    print(
        f"ratio {ratio}: {sum(passes) - 2} channels ablated, {found[ratio][0]} have a weight, {true} the right one of "
        f"{CHANNELS}; correlation with the map of all {alike:.2f}"
    )
few = all(found[ratio][0] < CHANNELS / 3 for ratio in (0.75, 0.95))
sys.exit(0 if found[1.0][1] == found[0.5][1] == CHANNELS and found[0.25][0] > CHANNELS / 3 and few else 1)
PYTHON
"$place/env/bin/python" "$place/try.py" 2> "$place/log" || { code=$?; tail -3 "$place/log"; exit "$code"; }
