#!/usr/bin/env bash
# peerannot 0.0.1.post43, numpy 2.4.6, pydantic 2.14.4: the log likelihood of Dawid and Skene is the logarithm of a
# sum over faces.
#
# Expected: `run` returns "log likelihood values": the sum over faces of the logarithm of the probability of a
#   face's votes (Dawid and Skene, 1979). As those are probabilities, it is below 0; of all faces taken twice it is
#   twice as much; and no round of EM makes it smaller. The rounds end where it changes by less than `epsilon`.
# Seen: it is the logarithm of the sum of the probabilities. For 400 faces with three votes it is 4.18, above 0,
#   instead of -929.02, and all faces twice add log 2 = 0.69 to it. Faces with few votes, whose probabilities are
#   large, are all of it: where 295 faces have 15 votes and 5 have one, it falls in most rounds while the likelihood
#   rises, and the rounds end by it after the seventh.
# Source: peerannot/models/aggregation/dawid_skene.py, `_log_likelihood`: `np.log(np.sum(...))`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 tqdm pydantic==2.14.4 annotated-types
"$place/env/bin/pip" install --quiet --no-deps peerannot==0.0.1.post43
cat > "$place/try.py" <<'PYTHON'
import importlib.util
import sys
import types

# the model alone: the package's list of all models needs torchvision, and its form for large data sparse
folder = importlib.util.find_spec("peerannot").submodule_search_locations[0]
for name in ("models", "models.aggregation"):
    sys.modules["peerannot." + name] = part = types.ModuleType("peerannot." + name)
    part.__path__ = [folder + "/" + name.replace(".", "/")]
sys.modules["sparse"] = types.ModuleType("sparse")

import numpy as np
from peerannot.models.aggregation.dawid_skene import DawidSkene

CLASSES = 4
generator = np.random.default_rng(0)


def draw(faces, skill):
    """Votes of annotators who see the expression with that chance, and else guess."""
    true = generator.integers(CLASSES, size=faces)
    guess = generator.integers(CLASSES, size=(faces, len(skill)))
    return np.where(generator.uniform(size=guess.shape) < skill, true[:, None], guess)


def run(votes, **told):
    """The values told of each round, and the log likelihood of each round by the definition, from the same start."""
    given = {i: {p: int(v) for p, v in enumerate(row) if v >= 0} for i, row in enumerate(votes)}
    told_values, _ = DawidSkene(answers=given, n_workers=votes.shape[1], n_classes=CLASSES).run(**told)
    one_hot = (votes[..., None] == np.arange(CLASSES)).astype(float)
    face = one_hot.sum(axis=1) / one_hot.sum(axis=(1, 2))[:, None]
    values, answers = [], len(told_values)
    for _ in range(answers):
        confusion = np.einsum("fk,fpc->pkc", face, one_hot)
        confusion /= np.maximum(confusion.sum(axis=2, keepdims=True), 1e-300)
        chance = np.prod(np.where(one_hot[:, None] > 0, confusion.transpose(1, 0, 2)[None], 1), axis=(2, 3))
        chance = chance * face.mean(axis=0)
        values.append((np.log(chance.sum(axis=1)).sum(), np.log(chance.sum())))
        face = chance / chance.sum(axis=1, keepdims=True)
    return np.array(told_values), np.array(values)


votes = draw(400, np.full(3, 0.9))
once, own_once = run(votes)
twice, own_twice = run(np.concatenate([votes, votes]))
print(f"400 faces: {once[-1]:.2f} told, {own_once[-1, 0]:.2f} by the definition", end="; ")
print(f"all twice: {twice[-1]:.2f} told, {own_twice[-1, 0]:.2f} by the definition")
votes = draw(300, generator.uniform(0.1, 0.6, size=15))
for i in range(5):
    votes[i, np.arange(15) != i] = -1
ends = len(run(votes)[0])
told, own = run(votes, epsilon=0, maxiter=20)
falls = int((np.diff(told) < -1e-9).sum())
print(f"295 faces with 15 votes, 5 with one: it ends after round {ends}; {falls} of 20 rounds make it less", end=", ")
print(f"told from {told[ends - 1]:.4f} to {told[-1]:.4f}, by the definition {own[ends - 1, 0]:.2f} to {own[-1, 0]:.2f}")
same = all(np.allclose(t, o[:, 1], atol=1e-6) for t, o in ((once, own_once), (twice, own_twice), (told, own)))
wrong = once[-1] > 0 and abs(twice[-1] - once[-1] - np.log(2)) < 1e-6 and falls > 5
right = own_once[-1, 0] < -900 and abs(own_twice[-1, 0] - 2 * own_once[-1, 0]) < 1e-6
rises = (np.diff(own[:, 0]) > -1e-9).all()
sys.exit(0 if same and wrong and right and rises else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
