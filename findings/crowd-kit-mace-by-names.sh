#!/usr/bin/env bash
# crowd-kit 1.4.2, numpy 2.4.6, pandas 3.1.1: MACE gives annotators' habits to other annotators, by their names.
#
# Expected: MACE (Hovy et al., 2013) learns for each annotator how often it guesses, and what it says when it guesses.
#   Names are names: the same votes give the same expressions and the same shares of guessing, whatever annotators and
#   expressions are called.
# Seen: what an annotator says when guessing is taken in alphabetical order and used in order of appearance. Two who
#   say "neutral" to nearly everything are found out where annotators and expressions are numbered as they appear (89
#   % of 100 faces right, as an EM of our own has it). Called by their names they pass for those who know, the three
#   who look for those who guess, and 23 % are right.
# Source: crowdkit/aggregation/classification/mace.py: `_e_step` unstacks the counts by name (sorted), and `_m_step`
#   and `_variational_m_step` take their values as if they were in the order of `pandas.factorize`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1 attrs nltk tqdm
"$place/env/bin/pip" install --quiet --no-deps crowd-kit==1.4.2
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
import pandas as pd
from crowdkit.aggregation import MACE
from scipy.special import digamma

FACES, CLASSES, PEOPLE = 100, 4, 5
EXPRESSIONS, ANNOTATORS = ("neutral", "happy", "sad", "angry"), ("Ada", "Ben", "Cem", "Dora", "Eva")
generator = np.random.default_rng(1)
true = generator.integers(CLASSES, size=FACES)
# the first three know six faces of ten and guess the others; the last two say "neutral" to nine of ten
looks = generator.random((FACES, PEOPLE)) < (0.6, 0.6, 0.6, 0, 0)
always = generator.random((FACES, PEOPLE)) < (0, 0, 0, 0.9, 0.9)
votes = np.where(looks, true[:, None], np.where(always, 0, generator.integers(CLASSES, size=(FACES, PEOPLE))))


def own(rounds=50):
    """The variational EM with crowd-kit's priors, by numbers alone."""
    guess = np.full(PEOPLE, 0.5)
    habit = np.full((PEOPLE, CLASSES), 1 / CLASSES)
    know = 1 - guess
    person = np.arange(PEOPLE)
    for step in range(rounds + 1):
        by_guess = guess * habit[person, votes]
        # (faces, people, classes): the chance of each vote if that is the expression
        chance = by_guess[..., None] + know[:, None] * (votes[..., None] == np.arange(CLASSES))
        face = chance.prod(axis=1)
        face /= face.sum(axis=1, keepdims=True)
        if step == rounds:
            return face, know / (guess + know)
        guessed = (face[:, None] * by_guess[..., None] / chance).sum(axis=2)
        sums = np.stack([guessed[votes[:, p] == c, p].sum() for p in range(PEOPLE) for c in range(CLASSES)])
        sums = sums.reshape(PEOPLE, CLASSES)
        both = np.stack([guessed.sum(axis=0), (1 - guessed).sum(axis=0)], axis=1) + 0.5
        guess, know = np.exp(digamma(both) - digamma(both.sum(axis=1, keepdims=True))).T
        habit = np.exp(digamma(sums + 10) - digamma((sums + 10).sum(axis=1, keepdims=True)))


def found(people, classes):
    """Which share is right, each person's share of knowing, and the probabilities, for such names."""
    rows = [(f, people[p], classes[votes[f, p]]) for f in range(FACES) for p in range(PEOPLE)]
    model = MACE(n_restarts=1).fit(pd.DataFrame(rows, columns=["task", "worker", "label"]))
    probs = model.probas_.loc[range(FACES), list(classes)].to_numpy()
    knows = model.spamming_[:, 1] / model.spamming_.sum(axis=1)
    return (probs.argmax(axis=1) == true).mean(), knows, probs


probs, knows = own()
share = (probs.argmax(axis=1) == true).mean()
print(f"own: {share:.0%} right, knowing {knows.round(2)}")
order = list(pd.unique(votes.ravel()))
numbers = [f"{order.index(c)}" for c in range(CLASSES)]
as_they_appear, by_number, called = found("12345", numbers), found("54321", numbers), found(ANNOTATORS, EXPRESSIONS)
for name, (right, knowing, _) in (
    ("numbered as they appear", as_they_appear),
    ("annotators numbered the other way round", by_number),
    ("called by their names", called),
):
    print(f"{name}: {right:.0%} right, knowing {knowing.round(2)}")
good = share > 0.75 and np.abs(as_they_appear[2] - probs).max() < 0.02
good = good and np.abs(as_they_appear[1] - knows).max() < 0.02
bad = called[0] < 0.5 and called[1][3:].min() > 0.8 > 0.3 > called[1][:3].max()
sys.exit(0 if good and bad else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
