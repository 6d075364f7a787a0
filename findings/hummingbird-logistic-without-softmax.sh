#!/usr/bin/env bash
# hummingbird-ml 0.4.12, scikit-learn 1.9.1, torch 2.13.0: the probabilities of a logistic regression are not its
# softmax.
#
# Expected: LogisticRegression of more than two classes gives the softmax of its scores, and the converted model "the
#   same output"; here for 7 emotions from 20 features.
# Seen: each score goes through a sigmoid and the seven are divided by their sum, without a warning: probabilities are
#   up to 0.7 off and far too flat, and the calibration error and the loss are other ones, while the class that is
#   predicted is the same, which is why nothing else shows it. With two classes it is right.
# Source: hummingbird/ml/operator_converters/sklearn/linear.py, `convert_sklearn_linear_model`, takes the softmax only
#   where the model has an attribute `multi_class`, which scikit-learn removed in 1.8.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet hummingbird-ml==0.4.12 scikit-learn==1.9.1 torch==2.13.0 numpy
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from hummingbird.ml import convert
from sklearn.linear_model import LogisticRegression

generator = np.random.default_rng(0)
right = []
for classes in (7, 3, 2):
    x = generator.normal(size=(2000, 20)).astype(np.float32)
    scores = x @ generator.normal(size=(20, classes))
    labels = (scores + generator.gumbel(size=scores.shape)).argmax(axis=1)
    model = LogisticRegression(max_iter=1000).fit(x[:1000], labels[:1000])
    x, labels = x[1000:], labels[1000:]
    own = x @ model.coef_.T + model.intercept_
    if classes == 2:
        own = np.concatenate([0 * own, own], axis=1)
    single = 1 / (1 + np.exp(-own))
    own = np.exp(own - own.max(axis=1, keepdims=True))
    own /= own.sum(axis=1, keepdims=True)
    reference, converted = model.predict_proba(x), convert(model, "torch")
    found = converted.predict_proba(x)
    losses = [float(-np.log(p[np.arange(len(x)), labels]).mean()) for p in (reference, found)]
    sure = [float(p.max(axis=1).mean()) for p in (reference, found)]
    off = float(np.abs(found - own).max())
    print(f"{classes} classes, {np.mean(model.predict(x) == labels):.3f} right:", end=" ")
    print(f"log loss {losses[0]:.3f} of scikit-learn, {losses[1]:.3f} of hummingbird;", end=" ")
    print(f"mean confidence {sure[0]:.3f} and {sure[1]:.3f}; at most {off:.1e} apart")
    right.append(np.allclose(reference, own, atol=1e-5) and np.array_equal(model.predict(x), converted.predict(x)))
    right.append(off > 0.3 if classes > 2 else off < 1e-5)
    if classes > 2:
        right.append(np.allclose(found, single / single.sum(axis=1, keepdims=True), atol=1e-4))
sys.exit(0 if all(right) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" 2>/dev/null
