#!/usr/bin/env bash
# crowd-kit 1.4.2, numpy 2.4.6, scipy 1.17.1, pandas 3.1.1: NoisyBradleyTerry gives annotators skills at random.
#
# Expected: the model of pairs ("which of these two faces smiles more?") has for each annotator a skill and a bias to
#   the left face, and all are fitted by the largest likelihood: one who always clicks left has a skill near 0.
# Seen: the fit ends after nine steps, "converged", far from the largest likelihood. Of six annotators the two who
#   click left whatever they see have skills of 0.30 and 0.73 and a careful one has 0.16; another start
#   (`random_state`) gives others, up to 0.15 apart. The same likelihood with numerical slopes gives the two 0.03 and
#   0.00 and the careful ones 0.6 to 0.8.
# Source: crowdkit/aggregation/pairwise/noisy_bt.py, `_compute_gradient`: annotators' slopes are written one place too
#   early (`labels + worker_idx`, where the parameters are at `1 + labels + worker_idx`), and each vote's replaces the
#   one before.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1 pandas==3.1.1 scikit-learn attrs nltk tqdm
"$place/env/bin/pip" install --quiet --no-deps crowd-kit==1.4.2
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import pandas as pd
from crowdkit.aggregation import NoisyBradleyTerry
from scipy.optimize import minimize
from scipy.special import expit

FACES, PEOPLE, PAIRS = 8, 6, 120
generator = np.random.default_rng(0)
smile = np.linspace(-2, 2, FACES)
careful, to_left = (0.95, 0.95, 0.95, 0.9, 0, 0), (0.5, 0.5, 0.5, 0.5, 0.95, 0.9)
votes = []
for person in range(PEOPLE):
    for _ in range(PAIRS):
        left, right = generator.choice(FACES, 2, replace=False)
        if generator.random() < careful[person]:
            said = generator.random() < expit(smile[left] - smile[right])
        else:
            said = generator.random() < to_left[person]
        votes.append((person, left, right, left if said else right))
votes = np.array(votes)
table = pd.DataFrame(votes, columns=["worker", "left", "right", "label"])


def unlikely(x):
    """Minus the log likelihood of the votes for scores, biases to the left and skills, as the model has it."""
    scores, bias, skill = np.split(x, [FACES, FACES + PEOPLE])
    person, left, right, said = votes.T
    y = np.where(said == left, 1, -1)
    sure = expit(skill[person])
    by_look, by_habit = expit(y * (scores[left] - scores[right])), expit(y * bias[person])
    return float(-np.log(sure * by_look + (1 - sure) * by_habit).sum() + 5e-6 * (scores**2).sum())


def logits(p):
    return np.log(p / (1 - p))


found = {}
for state in (0, 1, 2):
    model = NoisyBradleyTerry(n_iter=1000, random_state=state).fit(table)
    x = np.concatenate([logits(part.sort_index().to_numpy()) for part in (model.scores_, model.biases_, model.skills_)])
    found[state] = unlikely(x), model.skills_.sort_index().to_numpy(), model.biases_.sort_index().to_numpy()
    minus, skill, bias = found[state]
    print(f"crowd-kit, start {state}: {minus:.1f}, skills {skill.round(2)}, left {bias.round(2)}")
starts = generator.random((5, FACES + 2 * PEOPLE))
best = min((minimize(unlikely, start, method="L-BFGS-B") for start in starts), key=lambda fit: fit.fun)
scores, bias, skill = np.split(expit(best.x), [FACES, FACES + PEOPLE])
print(f"own, with numerical slopes: {best.fun:.1f}, skills {skill.round(2)}, left {bias.round(2)}")
right = skill[4:].max() < 0.1 and skill[:4].min() > 0.4 and bias[4:].min() > 0.85
wrong = min(minus for minus, _, _ in found.values()) > best.fun + 50
wrong = wrong and found[0][1][5] > 0.5 and found[0][1][:4].min() < 0.3
apart = np.abs(found[0][1] - found[1][1]).max()
print(f"skills of two starts: up to {apart:.2f} apart")
sys.exit(0 if right and wrong and apart > 0.1 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
