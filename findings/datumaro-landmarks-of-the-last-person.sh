#!/usr/bin/env bash
# datumaro 1.13.12, numpy 2.4.6: written as LFW and read again, all landmarks are those of one person.
#
# Expected: a data set of faces with a name and five landmarks each, written in the format `lfw` and read by the same
#   package, is as it was: the landmarks of Anna's pictures are labelled Anna.
# Seen: the pictures keep their labels, and the landmarks of everybody's pictures have the label of the person who comes
#   last in the list of pairs. Points and numbers are right. A selection of landmarks by label, or a change to a format
#   that has labels for points only, makes them one person's.
# Source: datumaro/plugins/data_formats/lfw.py: the exporter writes `landmarks.txt` without the person's folder, and
#   `_load_items`, where there is no folder, uses the label that an earlier line has left.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet datumaro==1.13.12 numpy==2.4.6
cat > "$place/try.py" <<'PYTHON'
import logging
import sys

logging.disable(logging.CRITICAL)

import numpy as np
from datumaro.components.annotation import AnnotationType, Label, LabelCategories, Points
from datumaro.components.dataset import Dataset
from datumaro.components.dataset_base import DatasetItem
from datumaro.components.media import Image

NAMES = ("anna", "bob", "carl")


def rows(data):
    """For each picture its label, that of its landmarks, and these."""
    names = data.categories()[AnnotationType.label]
    answer = {}
    for item in data:
        (label,) = (one for one in item.annotations if one.type == AnnotationType.label)
        (points,) = (one for one in item.annotations if one.type == AnnotationType.points)
        answer[item.id] = names[label.label].name, names[points.label].name, [float(p) for p in points.points]
    return answer


def there_and_back(order, place):
    names = [NAMES[i] for i in order]
    items = [
        DatasetItem(
            f"{name}_{k:04d}",
            subset="train",
            media=Image.from_numpy(np.zeros((100, 100, 3), dtype=np.uint8)),
            annotations=[Label(i), Points([30.0 + k, 40, 70, 40, 50, 60, 35, 80, 65, 80 + i], label=i)],
        )
        for i, name in enumerate(names)
        for k in (1, 2)
    ]
    data = Dataset.from_iterable(items, categories={AnnotationType.label: LabelCategories.from_iterable(names)})
    data.export(place, "lfw", save_media=True)
    return rows(data), rows(Dataset.import_from(place, "lfw"))


right, wrong = [], []
for order in ((0, 1, 2), (2, 0, 1)):
    before, after = there_and_back(order, f"{sys.argv[1]}/{order[0]}")
    for key, (label, of_points, points) in before.items():
        print(f"{key}: label {label}, of the landmarks {of_points}; read again {after[key][0]} and {after[key][1]}")
        right.append(label == of_points == after[key][0] and points == after[key][2])
    wrong.append({row[1] for row in after.values()} == {NAMES[order[-1]]})
sys.exit(0 if len(right) == 12 and all(right) and all(wrong) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" "$place" 2>/dev/null
