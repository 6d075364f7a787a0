#!/usr/bin/env bash
# quantus 0.6.0, torch 2.13.0: the pointing game counts a face without a mask as a hit.
#
# Expected: where the mask is empty (no landmarks found, a region that is out of the picture) there is nothing to hit. The
#   metric's source says it gives NaN there, as RelevanceMassAccuracy and RelevanceRankAccuracy do for the same data.
# Seen: it gives True. Of ten faces whose maps all point beside the mask, and of which four have an empty one, it hits 40 %;
#   the more masks are missing, the better the explanation looks.
# Source: quantus/metrics/localisation/pointing_game.py, `evaluate_batch`, writes NaN into an array of truth values.
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

FACES, SIZE, EMPTY = 10, 8, 4
random = np.random.default_rng(0)
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(SIZE * SIZE, 7)).eval()
pictures = random.random((FACES, 1, SIZE, SIZE)).astype(np.float32)
maps = random.uniform(0.1, 0.5, size=pictures.shape).astype(np.float32)
maps[:, :, 0, 0] = 1
masks = np.zeros(pictures.shape, bool)
masks[: FACES - EMPTY, :, 5:, 5:] = True


def scores(kind):
    return np.array(kind(disable_warnings=True)(network, pictures, np.zeros(FACES, int), maps, masks, device="cpu"), float)


hits = scores(quantus.PointingGame)
others = [scores(quantus.RelevanceMassAccuracy), scores(quantus.RelevanceRankAccuracy)]
print("hits:", hits, "mean", hits.mean())
print("mass accuracy:", others[0].round(2))
print("rank accuracy:", others[1].round(2))
unknown = all(np.isnan(one[-EMPTY:]).all() and not np.isnan(one[:-EMPTY]).any() for one in others)
sys.exit(0 if unknown and not hits[:-EMPTY].any() and (hits[-EMPTY:] == 1).all() else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
