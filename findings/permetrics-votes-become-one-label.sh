#!/usr/bin/env bash
# permetrics 2.1.0, numpy 2.4.6, scipy 1.17.1: the divergence from soft labels is that from their largest share.
#
# Expected: `kullback_leibler_divergence_loss` and `crossentropy_loss` take hard labels, or soft ones such as the
#   shares of the annotators' votes; both have a branch for a `y_true` with a column for each class. The divergence
#   of a network that gives just the votes is 0, and its cross entropy is the votes' entropy.
# Seen: before that branch `y_true` is replaced by the class with most votes, so the branch is never reached: the
#   divergence is 0.57 for the network that gives the votes, and less for one that is far too sure: of two networks
#   the worse one wins. No warning, and hard labels are right.
# Source: permetrics/utils/data_util.py, `format_y_score`, calls `_clean_class_array`, which takes the argmax of two
#   dimensions; `kullback_leibler_divergence_loss` in permetrics/classification.py gets what is left.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1
"$place/env/bin/pip" install --quiet --no-deps permetrics==2.1.0
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from permetrics.classification import ClassificationMetric
from scipy.special import rel_entr

# ten annotators' votes on three faces, of three expressions
votes = np.array([[5, 4, 1], [1, 6, 3], [2, 2, 6]]) / 10
networks = {
    "the votes themselves": votes,
    "far too sure": np.array([[0.98, 0.01, 0.01], [0.01, 0.98, 0.01], [0.01, 0.01, 0.98]]),
}
results = {}
for name, probs in networks.items():
    found, hard = (ClassificationMetric(true, probs) for true in (votes, votes.argmax(axis=1)))
    theirs = found.kullback_leibler_divergence_loss(), found.crossentropy_loss()
    own = rel_entr(votes, probs).sum(axis=1).mean(), -(votes * np.log(probs)).sum(axis=1).mean()
    of_label = hard.kullback_leibler_divergence_loss(), hard.crossentropy_loss()
    label = -np.log(probs[np.arange(3), votes.argmax(axis=1)]).mean()
    results[name] = theirs, own, of_label, label
    print("{}: divergence {:.3f}, cross entropy {:.3f}".format(name, *theirs), end="; ")
    print("by the definition {:.3f}, {:.3f}; of the label with most votes {:.3f}, {:.3f}".format(*own, *of_label))
wrong = all(np.allclose(t, of_label) and not np.allclose(t, own) for t, own, of_label, _ in results.values())
right = all(np.allclose(of_label, label) for *_, of_label, label in results.values())
given, sure = results.values()
turned = given[0][0] > sure[0][0] and given[1][0] < sure[1][0]
sys.exit(0 if wrong and right and turned else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
