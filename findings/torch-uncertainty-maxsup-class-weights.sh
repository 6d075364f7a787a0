#!/usr/bin/env bash
# torch-uncertainty 0.13.0, torch 2.13.0: the class weights of CrossEntropyMaxSupLoss weigh nothing.
#
# Expected: it is a `CrossEntropyLoss` with max suppression (Zhou et al., 2025) and takes its `weight`: each face's loss
#   counts with the weight of its class. With `max_sup=0` that is so.
# Seen: with any other `max_sup` every face's loss is multiplied with the weights of all seven classes, and their mean is
#   taken. So the gradient is that without weights, only longer or shorter: a rare expression with eight times the weight
#   counts as much as the others. `reduction="none"` gives each face the cross entropy of the batch's mean.
# Source: torch_uncertainty/losses/classification.py, `CrossEntropyMaxSupLoss.forward`, calls `cross_entropy` without weight
#   and reduction and multiplies `(faces, 1)` with `(classes,)` afterwards.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy
"$place/env/bin/pip" install --quiet --no-deps torch-uncertainty==0.13.0
cat > "$place/try.py" <<'PYTHON'
import importlib.util
import sys

import torch
from torch.nn.functional import cosine_similarity, cross_entropy

# the module alone: the package's own start needs a trainer and pictures
folder = importlib.util.find_spec("torch_uncertainty").submodule_search_locations[0]
file = importlib.util.spec_from_file_location("losses", f"{folder}/losses/classification.py")
module = importlib.util.module_from_spec(file)
file.loader.exec_module(module)

FACES, CLASSES = 256, 7
torch.manual_seed(0)
labels = torch.randint(CLASSES, (FACES,))
logits = torch.randn(FACES, CLASSES).requires_grad_()
weights = torch.tensor([1.0, 8.0, 1.0, 0.5, 1.0, 1.0, 1.0])


def own(max_sup, weights):
    """Weighted cross entropy and max suppression, by their definitions."""
    suppressed = logits.max(dim=1).values - logits.mean(dim=1)
    return cross_entropy(logits, labels, weight=weights) + max_sup * suppressed.mean()


def gradient(loss):
    return torch.autograd.grad(loss, logits)[0]


alike = {}
for max_sup in (0.0, 1e-6, 0.1):
    with_weights = module.CrossEntropyMaxSupLoss(max_sup=max_sup, weight=weights)(logits, labels)
    without = module.CrossEntropyMaxSupLoss(max_sup=max_sup)(logits, labels)
    there, none, expected = gradient(with_weights), gradient(without), gradient(own(max_sup, weights))
    alike[max_sup] = [float(cosine_similarity(there.flatten(), g.flatten(), dim=0)) for g in (none, expected)]
    ratio = float(there[labels == 1].norm() / there[labels == 0].norm() / (none[labels == 1].norm() / none[labels == 0].norm()))
    alike[max_sup].append(ratio)
    print(
        f"max_sup {max_sup:g}: loss {with_weights:.4f}, own {own(max_sup, weights):.4f}, without weights {without:.4f}; "
        f"gradient's cosine to that without weights {alike[max_sup][0]:.4f}, to own {alike[max_sup][1]:.4f}; "
        f"the class with eight times the weight counts {ratio:.2f} times"
    )
plain = module.CrossEntropyMaxSupLoss(max_sup=0.1, reduction="none")(logits, labels).detach().flatten()
rest = plain - 0.1 * (logits.max(dim=1).values - logits.mean(dim=1)).detach()
single = cross_entropy(logits, labels, reduction="none")
print(f"cross entropy of single faces: standard deviation {rest.std():.4f}, own {single.std():.4f}")
nothing = all(alike[m][0] > 0.9999 and alike[m][1] < 0.9 and abs(alike[m][2] - 1) < 1e-3 for m in (1e-6, 0.1))
sys.exit(0 if alike[0.0][1] > 0.9999 and abs(alike[0.0][2] - 8) < 1e-2 and nothing and rest.std() < 1e-4 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
