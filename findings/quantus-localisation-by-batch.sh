#!/usr/bin/env bash
# quantus 0.6.0, torch 2.13.0: the weighted AttributionLocalisation of a face depends on the number of faces.
#
# Expected: `weighted=True` weighs the share of the attribution inside the mask by the mask's share of the picture, so that
#   a face's score is the same alone and among others, and with another `batch_size`.
# Seen: the mask is measured against the pixels of all pictures of the batch but the first two. The same face and map get an
#   infinite score alone and in twos, 0.125 among three, 0.0625 among four, 0.0020 among 64. Kohlbrenner et al. (2020), whom
#   the documentation names, divide by the mask's share, which gives 2.0: small masks count more there, less here.
# Source: quantus/metrics/localisation/attribution_localisation.py, `evaluate_batch`, takes `x_batch[2:]` for the size.
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

SIZE = 8
random = np.random.default_rng(0)
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(SIZE * SIZE, 7)).eval()
mask = np.zeros((1, SIZE, SIZE), bool)
mask[:, : SIZE // 2, : SIZE // 2] = True
# half of the attribution is inside the mask, a quarter of the picture
heat = np.where(mask, 0.5 / mask.sum(), 0.5 / (~mask).sum()).astype(np.float32)


def score(faces, weighted):
    """That of the first of so many faces with the same map and mask."""
    pictures = random.random((faces, 1, SIZE, SIZE)).astype(np.float32)
    metric = quantus.AttributionLocalisation(weighted=weighted, disable_warnings=True)
    maps, masks = np.repeat(heat[None], faces, axis=0), np.repeat(mask[None], faces, axis=0)
    return float(metric(network, pictures, np.zeros(faces, int), maps, masks, device="cpu")[0])


inside, part = heat[mask].sum() / heat.sum(), mask.mean()
plain, weighted = {}, {}
for faces in (1, 2, 3, 4, 64):
    plain[faces], weighted[faces] = score(faces, weighted=False), score(faces, weighted=True)
    print(f"{faces} faces: {plain[faces]:.4f}, weighted {weighted[faces]:.4f}")
print(f"own: {inside:.4f}, times the mask's share {inside * part:.4f}, divided by it, as in the paper, {inside / part:.4f}")
same = max(plain.values()) - min(plain.values()) < 1e-6
drifts = np.isinf(weighted[1]) and np.isinf(weighted[2]) and weighted[4] > 10 * weighted[64]
sys.exit(0 if same and drifts else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
