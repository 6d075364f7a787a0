#!/usr/bin/env bash
# quantus 0.6.0, torch 2.13.0: PixelFlipping's baseline "mean" is another colour in every step.
#
# Expected: flipped pixels take the mean of the picture (the documentation calls it the mean of the array), so "mean" gives
#   the curve that the same number gives, and when every pixel is flipped the picture is that one grey.
# Seen: the mean is taken of the picture as the steps before have left it. It drifts while bright pixels go first, the end
#   of the curve is another picture than a flat one, and the area under the curve is another one.
# Source: quantus/metrics/faithfulness/pixel_flipping.py hands the picture that is half flipped to
#   quantus/helpers/utils.py, `get_baseline_dict`.
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

picture = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 1, 8, 8)
seen = []


class Mean(torch.nn.Module):
    """Two classes; the logit of the second is the picture's mean. It keeps what it is shown."""

    def forward(self, pictures):
        seen.append(pictures.detach().numpy().copy())
        return torch.stack([torch.zeros(len(pictures)), pictures.mean(dim=(1, 2, 3))], dim=1)


def curve(baseline):
    seen.clear()
    metric = quantus.PixelFlipping(features_in_step=8, perturb_baseline=baseline, disable_warnings=True)
    (values,) = metric(Mean().eval(), picture, np.array([1]), picture, device="cpu", softmax=False)
    return np.array(values), seen[-1]


by_name, end = curve("mean")
by_number, flat = curve(float(picture.mean()))
print("logits with 'mean':    ", by_name.round(3))
print("logits with the number:", by_number.round(3))
print("greys when all is flipped:", np.unique(end.round(3)), "and", np.unique(flat.round(3)))
sys.exit(0 if np.ptp(end) > 0.1 and np.abs(by_name - by_number).max() > 0.1 and np.ptp(flat) < 1e-6 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
