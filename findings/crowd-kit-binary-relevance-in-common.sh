#!/usr/bin/env bash
# crowd-kit 1.4.2, numpy 2.4.6, pandas 3.1.1: all objects of BinaryRelevance have their aggregators in common.
#
# Expected: `BinaryRelevance` aggregates votes with several labels (action units, mixed emotions) label by label,
#   and its `aggregators_` are those of the labels it was fitted to: "The set of keys is all the classes that are in
#   the input data." A second object, for other pictures, is another object.
# Seen: there is one dictionary for all objects: after the second is fitted, the first gives the second's annotator
#   skills and answers for each label they share, and has the other's labels besides. Fitted again to other labels,
#   an object keeps the old ones, too. `labels_` is right.
# Source: crowdkit/aggregation/multilabel/binary_relevance.py: `aggregators_` is a default of the class that `fit`
#   writes into.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1 attrs nltk tqdm
"$place/env/bin/pip" install --quiet --no-deps crowd-kit==1.4.2
cat > "$place/try.py" <<'PYTHON'
import sys

import pandas as pd
from crowdkit.aggregation import BinaryRelevance, MajorityVote

COLUMNS = ["task", "worker", "label"]
# Ada sees what the others see in the first study; in the second it is Cem
first = pd.DataFrame(
    [(f"a{i}", who, said) for i in range(6) for who, said in
     (("Ada", ["smile", "brow"]), ("Ben", ["smile", "brow"]), ("Cem", ["brow"]))], columns=COLUMNS)
second = pd.DataFrame(
    [(f"b{i}", who, said) for i in range(6) for who, said in
     (("Ada", ["nose"]), ("Ben", ["smile", "nose"]), ("Cem", ["smile", "nose"]))], columns=COLUMNS)


def skills(votes, label):
    """The share of faces in which each annotator is with the majority for that label."""
    seen = votes.assign(has=[label in said for said in votes["label"]])
    most = seen.groupby("task")["has"].mean() > 0.5
    return (seen["has"] == seen["task"].map(most)).groupby(seen["worker"]).mean().to_dict()


one, two = BinaryRelevance(MajorityVote()), BinaryRelevance(MajorityVote())
one.fit(first)
before = one.aggregators_["smile"].skills_.to_dict()
two.fit(second)
after = one.aggregators_["smile"].skills_.to_dict()
print(f"skills for 'smile' in the first study, by the definition {skills(first, 'smile')}")
print(f"  told by its object {before}, and once a second object is fitted {after}")
print(f"labels of the first study {sorted(['smile', 'brow'])}, told by its object {sorted(one.aggregators_)}")
right = before == skills(first, "smile") and set(one.labels_.index) == {f"a{i}" for i in range(6)}
right = right and all(sorted(said) == ["brow", "smile"] for said in one.labels_)
wrong = after == skills(second, "smile") != before and sorted(one.aggregators_) == ["brow", "nose", "smile"]
sys.exit(0 if right and wrong and one is not two and one.aggregators_ is two.aggregators_ else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
