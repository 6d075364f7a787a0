#!/usr/bin/env bash
# confidenceinterval 1.0.5, numpy 2.4.6, scikit-learn 1.9.1: the report's confidence level reaches one column of
# three.
#
# Expected: `classification_report_with_ci(..., confidence_level=0.99)` gives intervals of 99 % for precision, recall
#   and F1 of each expression and for their micro and macro averages, as the functions for each of them do.
# Seen: the level reaches the F1 of single expressions only. All else is of 95 %, whatever was asked for, so that a
#   column of 99 % stands beside two of 95 % without a word.
# Source: confidenceinterval/classification_report.py hands `confidence_level` to one of its nine calls.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.9.1 pandas statsmodels
"$place/env/bin/pip" install --quiet --no-deps confidenceinterval==1.0.5
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from confidenceinterval import classification_report_with_ci, f1_score, precision_score, recall_score

generator = np.random.default_rng(0)
labels = generator.integers(7, size=700)
answers = np.where(generator.random(700) < 0.7, labels, generator.integers(7, size=700))
KINDS = {"Precision": precision_score, "Recall": recall_score, "F1-Score": f1_score}


def own(kind, row, level):
    """The interval of the package's function for that number, asked for that level."""
    if row in ("micro", "macro"):
        _, found = KINDS[kind](labels, answers, confidence_level=level, average=row)
    else:
        method = {} if kind == "F1-Score" else {"method": "wilson"}
        of = int(row.split()[1])
        said = (labels == of).astype(int), (answers == of).astype(int)
        _, found = KINDS[kind](*said, confidence_level=level, average="binary", **method)
    return np.round(found, 3)


as_asked, as_default = {}, {}
for level in (0.9, 0.95, 0.99):
    report = classification_report_with_ci(labels, answers, confidence_level=level).set_index("Class")
    for kind in KINDS:
        for row in report.index:
            found = np.array(report.loc[row, f"{kind} CI"], float)
            as_asked[level, kind, row] = bool(np.abs(found - own(kind, row, level)).max() < 2e-3)
            as_default[level, kind, row] = bool(np.abs(found - own(kind, row, 0.95)).max() < 2e-3)
            if level == 0.99 and row in ("Class 0", "macro"):
                print(f"{kind} of {row}, 99 %: {found}, asked for itself {own(kind, row, level)}")
single = [key for key in as_asked if key[1] == "F1-Score" and key[2].startswith("Class")]
others = [key for key in as_asked if key not in single]
for level in (0.9, 0.95, 0.99):
    count = sum(as_asked[key] for key in as_asked if key[0] == level)
    print(f"{level}: {count} of {len(as_asked) // 3} intervals are of that level")
right = all(as_asked[key] for key in as_asked if key[0] == 0.95 or key in single)
right = right and all(as_default[key] for key in others)
wrong = not any(as_asked[key] for key in others if key[0] != 0.95)
sys.exit(0 if right and wrong else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
