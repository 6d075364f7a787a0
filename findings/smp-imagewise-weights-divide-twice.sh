#!/usr/bin/env bash
# segmentation-models-pytorch 0.6.0, torch 2.13.0: a face parsing without a mistake scores a seventh with
# "weighted-imagewise".
#
# Expected: `reduction="weighted-imagewise"` scores each class on each picture, takes the average weighted with
#   `class_weights` on each picture, and then the average over the pictures. Right masks have 1, whatever the weights.
# Seen: the weights are divided by their sum, and then the mean over the classes is taken, not the sum: all scores are divided
#   by the number of classes once more. Right masks of seven parts of a face have an IoU, F1, accuracy and recall of 0.143, of
#   eleven parts 0.091. "weighted" is right, and so is "macro-imagewise", which takes no weights.
# Source: segmentation_models_pytorch/metrics/functional.py, `_compute_metric`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy
"$place/env/bin/pip" install --quiet --no-deps segmentation-models-pytorch==0.6.0
cat > "$place/try.py" <<'PYTHON'
import importlib.util
import sys

import numpy as np
import torch

# the module alone: the package's own start needs encoders and pictures
folder = importlib.util.find_spec("segmentation_models_pytorch").submodule_search_locations[0]
file = importlib.util.spec_from_file_location("functional", f"{folder}/metrics/functional.py")
metrics = importlib.util.module_from_spec(file)
file.loader.exec_module(metrics)

FACES, SIZE = 8, 48
random = np.random.default_rng(0)


def own(masks, answers, weights):
    """Weighted IoU on each picture, then the mean over the pictures."""
    scores = []
    for mask, answer in zip(masks, answers):
        parts = [(mask == c, answer == c) for c in range(len(weights))]
        scores.append(np.average([(m & a).sum() / (m | a).sum() for m, a in parts], weights=weights))
    return float(np.mean(scores))


found = {}
for parts in (7, 11):
    masks = random.integers(0, parts, (FACES, SIZE, SIZE))
    some = np.where(random.random(masks.shape) < 0.2, random.integers(0, parts, masks.shape), masks)
    weights = random.uniform(0.5, 2, parts)
    for name, answers in (("right", masks), ("a fifth at random", some)):
        counts = metrics.get_stats(torch.tensor(answers), torch.tensor(masks), mode="multiclass", num_classes=parts)
        kinds = {"weighted-imagewise": weights.tolist(), "weighted": weights.tolist(), "macro-imagewise": None}
        values = {k: float(metrics.iou_score(*counts, reduction=k, class_weights=w)) for k, w in kinds.items()}
        expected = own(masks, answers, weights)
        found[parts, name] = values, expected
        print(f"{parts} parts, {name}:", ", ".join(f"{k} {v:.4f}" for k, v in values.items()), f"; own {expected:.4f}")
    counts = metrics.get_stats(torch.tensor(masks), torch.tensor(masks), mode="multiclass", num_classes=parts)
    f1, recall, accuracy = (
        float(metric(*counts, reduction="weighted-imagewise", class_weights=weights.tolist()))
        for metric in (metrics.f1_score, metrics.recall, metrics.accuracy)
    )
    print(f"{parts} parts, right: F1 {f1:.4f}, recall {recall:.4f}, accuracy {accuracy:.4f}")
divided = all(abs(v["weighted-imagewise"] * parts - e) < 1e-4 for (parts, _), (v, e) in found.items())
others = all(abs(found[p, "right"][0][k] - 1) < 1e-6 for p in (7, 11) for k in ("weighted", "macro-imagewise"))
near = all(abs(v["weighted"] - e) < 0.02 for v, e in found.values())
sys.exit(0 if divided and others and near and abs(found[7, "right"][1] - 1) < 1e-9 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
