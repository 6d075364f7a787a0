#!/usr/bin/env bash
# crowd-kit 1.4.2, torch 2.13.0, numpy 2.4.6: CoNAL adds logarithms of probabilities to probabilities.
#
# Expected: CoNAL (Chu et al., 2021) mixes two distributions of what an annotator says of a face: w times the one by
#   the confusions that all have in common and 1 - w times the one by the annotator's own. `forward` returns "the
#   predicted output probabilities": none is negative, and those of a face add up to 1.
# Seen: of the annotator's own part it takes the logarithm, of the common part the probabilities, and those add up
#   to 2, as the common matrix is used as it starts, with 2 on its diagonal. Of seven expressions 92 % of the
#   "probabilities" are below 0, and the sums of a face are from -8.6 to -3.4. With matrices three times as sure, as
#   training makes them, neither the exponential nor the softmax of what comes out is the mixture.
# Source: crowdkit/learning/conal.py, `forward`; `differentiable_ds` in crowdkit/learning/utils.py returns a
#   logarithm.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$place/env/bin/pip" install --quiet --no-deps crowd-kit==1.4.2
cat > "$place/try.py" <<'PYTHON'
import importlib.util
import sys
import types

# the layer alone: the package's list of learners needs transformers
folder = importlib.util.find_spec("crowdkit").submodule_search_locations[0]
sys.modules["crowdkit.learning"] = part = types.ModuleType("crowdkit.learning")
part.__path__ = [folder + "/learning"]

import torch
from crowdkit.learning.conal import CoNAL

FACES, CLASSES, PEOPLE = 200, 7, 4
torch.manual_seed(0)
logits, features = 2 * torch.randn(FACES, CLASSES), torch.randn(FACES, 16)
people = torch.arange(FACES) % PEOPLE
layer = CoNAL(CLASSES, PEOPLE)
wrong, right = [], []
for name, sure in (("as it starts", 1), ("three times as sure", 3)):
    with torch.no_grad():
        layer.common_confusion_matrix *= sure
        layer.annotator_confusion_matrices *= sure
        found = layer(features, logits, people)
        share = layer.simple_common_module(features, people)
        probs = logits.softmax(dim=1)
        matrix = layer.common_confusion_matrix
        by_person = torch.einsum("fc,fcd->fd", probs, layer.annotator_confusion_matrices[people].softmax(dim=2))
        mixture = share * (probs @ matrix.softmax(dim=1)) + (1 - share) * by_person
        added = share * (probs @ matrix) + (1 - share) * by_person.log()
    negative, sums = float((found < 0).float().mean()), found.sum(dim=1)
    print(f"{name}: {negative:.0%} below 0, sums {sums.min():.2f} to {sums.max():.2f}", end="; ")
    print(f"mixture by the definition {mixture.min():.3f} to {mixture.max():.3f}, sums {mixture.sum(dim=1).mean():.3f}")
    away = [float((t - mixture).abs().max()) for t in (found, found.exp(), found.softmax(dim=1))]
    print("  to the mixture: as returned {:.2f}, its exponential {:.2f}, its softmax {:.2f}".format(*away), end="; ")
    print(f"to probabilities plus logarithms {(found - added).abs().max():.0e}")
    right.append((mixture >= 0).all() and torch.allclose(mixture.sum(dim=1), torch.ones(FACES)))
    right.append(torch.allclose(found, added, atol=1e-5))
    wrong.append(negative > 0.5 and min(away[:2]) > 1 and (sure == 1 or away[2] > 0.1))
sys.exit(0 if all(right) and all(wrong) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
