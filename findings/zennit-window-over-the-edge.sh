#!/usr/bin/env bash
# zennit 0.5.1, torch 2.13.0: a window of Occlusion that reaches over an edge goes on at the opposite edge.
#
# Expected: the attributor slides a window of 8 x 8 pixels by 8 and gives each pixel the score of what its windows leave. Where
#   8 does not divide the picture (100 pixels, as in RAF-DB) or windows overlap, the last ones are cut off or moved in.
# Seen: they wrap around: the last window covers the last 4 columns and the first 4 as well, and both get its score. A network
#   that looks at the left edge only has a map with a right edge as bright as half of the left one, and with `stride=4` so it
#   is for pictures of 96, too. Where 8 divides the picture and windows do not overlap it is right.
# Source: zennit/attribution.py, `Occlusion.forward`, moves the mask with `roll`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy pillow
"$place/env/bin/pip" install --quiet --no-deps zennit==0.5.1
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# only for canonizers of its networks
for name in ("torchvision", "torchvision.models", "torchvision.models.resnet", "torchvision.models.vgg"):
    sys.modules[name] = MagicMock()

import torch
from zennit.attribution import Occlusion

EDGE = 4


def own(face, looks, window, stride):
    """Windows that are cut off at the edges; all but the window is set to 0."""
    answer = torch.zeros_like(face)
    size = face.shape[-1]
    for top in range(0, size, stride):
        for left in range(0, size, stride):
            mask = torch.zeros_like(face)
            mask[..., top : top + window, left : left + window] = 1
            answer += mask * (face * mask * looks).sum()
    return answer


good, bad = [], []
for size, window, stride in ((96, 8, 8), (48, 8, 8), (100, 8, 8), (96, 8, 4)):
    face = torch.ones(1, 1, size, size)
    looks = torch.zeros(size, size)
    looks[:, :EDGE] = 1  # what the network sees
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(size * size, 1, bias=False))
    with torch.no_grad():
        network[1].weight.copy_(looks.reshape(1, -1))
    with torch.no_grad():
        heat = Occlusion(network, window=(window, window), stride=(stride, stride))(face)[1]
    expected = own(face, looks, window, stride)
    ends = [float(m[..., cols].mean()) for m in (heat, expected) for cols in (slice(0, EDGE), slice(size - EDGE, size))]
    middle = float((heat - expected)[..., size // 4 : size // 2, size // 4 : size // 2].abs().max())
    print(
        f"{size} pixels, window {window}, stride {stride}: left edge {ends[0]:.1f}, right edge {ends[1]:.1f}; "
        f"cut off {ends[2]:.1f} and {ends[3]:.1f}; apart in the middle {middle:.1e}"
    )
    (bad if size % stride or window > stride else good).append(ends)
right = all(abs(e[0] - e[2]) < 1e-3 and e[1] == e[3] == 0 for e in good)
sys.exit(0 if right and all(e[3] == 0 and e[1] > 0.3 * e[0] for e in bad) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
