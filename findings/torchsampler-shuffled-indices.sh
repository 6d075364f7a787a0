#!/usr/bin/env bash
# torchsampler 0.1.2, torch 2.13.0, pandas 3.1.1: ImbalancedDatasetSampler does not balance a part with shuffled indices.
#
# Expected: with `indices` and their labels it draws each class equally often, in whatever order the indices are:
#   `random_split` and `train_test_split` give them shuffled.
# Seen: shuffled indices are drawn with the weights of other faces. Of seven expressions as in FER2013, disgust, 1.5 % of
#   the faces, makes 1.7 % of what is drawn, not 14.3 %: no balance at all, without a word. With the same indices sorted it
#   is right.
# Source: torchsampler/imbalanced.py sorts the weights by index and draws from `self.indices`, which it leaves as they came.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 numpy pandas==3.1.1
"$place/env/bin/pip" install --quiet --no-deps torchsampler==0.1.2
cat > "$place/try.py" <<'PYTHON'
import sys
from unittest.mock import MagicMock

# only asked whether the data set is one of its own, and large
sys.modules["torchvision"] = MagicMock()

import numpy as np
import torch
from torch.utils.data import TensorDataset
from torchsampler import ImbalancedDatasetSampler

NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FACES = np.array([3995, 436, 4097, 7215, 4830, 3171, 4965])
random = np.random.default_rng(0)
labels = random.permutation(np.repeat(np.arange(7), FACES))
data = TensorDataset(torch.zeros(len(labels), 1), torch.tensor(labels))
part = random.permutation(len(labels))[: len(labels) * 4 // 5]


def drawn(indices):
    """The share of each class among 100,000 draws."""
    torch.manual_seed(0)
    sampler = ImbalancedDatasetSampler(
        data, labels=labels[indices].tolist(), indices=indices.tolist(), num_samples=100_000
    )
    return np.bincount(labels[list(sampler)], minlength=7) / 100_000


own = np.bincount(labels[part], minlength=7) / len(part)
shuffled, ordered = drawn(part), drawn(np.sort(part))
for name, values in zip(NAMES, zip(own, shuffled, ordered)):
    print("{}: {:.1%} of the part; drawn with its indices shuffled {:.1%}, sorted {:.1%}".format(name, *values))
as_it_was, balanced = np.abs(shuffled - own).max(), np.abs(ordered - 1 / 7).max()
print(f"shuffled: at most {as_it_was:.3f} from no balancing; sorted: at most {balanced:.3f} from a seventh each")
sys.exit(0 if as_it_was < 0.02 and shuffled[1] < 0.03 and balanced < 0.01 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
