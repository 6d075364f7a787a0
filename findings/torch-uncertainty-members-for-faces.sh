#!/usr/bin/env bash
# torch-uncertainty 0.13.0, torch 2.13.0, torchmetrics 1.9.0: VariationRatio takes the faces of a batch for the members.
#
# Expected: `probs` are `(faces, members, classes)`, as for the package's other measures of an ensemble, and a face's ratio is
#   the share of the members that do not say what most say (or, with `probabilistic`, one minus their mean probability).
# Seen: five members that agree on every one of 64 faces have a ratio of 0.72 (0 is right), because the faces are not all of
#   the same class, and `reduction="none"` gives five values, not 64. Members that never agree can have the lower one. The
#   documentation's example says 0.4500, which is that mistake's value: by its definition it is 0.35. With faces and members
#   exchanged it is right.
# Source: torch_uncertainty/metrics/classification/variation_ratio.py, `update`, transposes what it was given, and `compute`
#   reads the result as (face, member, class).
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.13.0 torchmetrics==1.9.0 numpy
"$place/env/bin/pip" install --quiet --no-deps torch-uncertainty==0.13.0
cat > "$place/try.py" <<'PYTHON'
import importlib.util
import sys

import torch

# the module alone: the package's own start needs a trainer and pictures
folder = importlib.util.find_spec("torch_uncertainty").submodule_search_locations[0]
file = importlib.util.spec_from_file_location("ratio", f"{folder}/metrics/classification/variation_ratio.py")
module = importlib.util.module_from_spec(file)
file.loader.exec_module(module)

FACES, MEMBERS, CLASSES = 64, 5, 7


def found(probs, probabilistic):
    metric = module.VariationRatio(probabilistic=probabilistic, reduction="none")
    metric.update(probs)
    return metric.compute()


def own(probs, probabilistic):
    """By the definition, face by face."""
    answer = []
    for face in probs:
        most = int(face.mean(dim=0).argmax())
        said = face[:, most] if probabilistic else (face.argmax(dim=1) == most).float()
        answer.append(1 - float(said.mean()))
    return torch.tensor(answer)


torch.manual_seed(0)
agree = torch.randint(CLASSES, (FACES, 1)).expand(FACES, MEMBERS)
apart = torch.stack([torch.randperm(CLASSES)[:MEMBERS] for _ in range(FACES)])
fixed = torch.arange(MEMBERS).expand(FACES, MEMBERS)
right, wrong = [], []
for name, said in {"all agree": agree, "none agree": apart, "none agree, each always the same": fixed}.items():
    probs = torch.nn.functional.one_hot(said, CLASSES).float() * 0.9 + 0.1 / CLASSES
    for probabilistic in (False, True):
        values, expected = found(probs, probabilistic), own(probs, probabilistic)
        exchanged = found(probs.transpose(0, 1), probabilistic)
        right.append(exchanged.shape == expected.shape and torch.allclose(exchanged, expected, atol=1e-5))
        wrong.append(float(values.mean()) - float(expected.mean()))
        print(
            f"{name}, probabilistic={probabilistic}: {len(values)} values, mean {values.mean():.3f}; by the definition "
            f"{len(expected)}, {expected.mean():.3f}; exchanged {exchanged.mean():.3f}"
        )
example = torch.tensor([[[0.7, 0.3], [0.6, 0.4], [0.8, 0.2]], [[0.4, 0.6], [0.5, 0.5], [0.3, 0.7]]])
values = found(example, True).mean(), own(example, True).mean()
print(f"the documentation's example: {values[0]:.4f}, by the definition {values[1]:.4f}")
sys.exit(0 if all(right) and wrong[0] > 0.5 and wrong[4] < -0.5 and abs(values[0] - 0.45) < 1e-4 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
