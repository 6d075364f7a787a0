#!/usr/bin/env bash
# pylabel 0.1.55, pandas 2.3.3, scikit-learn 1.9.1: a split by groups puts faces of one picture on both sides.
#
# Expected: `GroupShuffleSplit(group_col="img_filename")` keeps the boxes of a picture together, as scikit-learn's class
#   of that name keeps a group together: no picture, or with another column no folder or person, is in both train and
#   test.
# Seen: every box is a group of its own. Of 40 pictures with five faces each, as from group photos, all but a few have
#   faces in two or three of train, test and val, the same as without groups; `group_col` changes nothing. What a
#   network is tested on it has seen in training. `StratifiedGroupShuffleSplit` keeps pictures together.
# Source: pylabel/splitter.py, `GroupShuffleSplit`, passes `groups=df_main.index.values`, and the column as y.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet pandas==2.3.3 scikit-learn==1.9.1 numpy==2.4.6 pyyaml tqdm
"$place/env/bin/pip" install --quiet --no-deps pylabel==0.1.55
cat > "$place/try.py" <<'PYTHON'
import json
import sys
from unittest.mock import MagicMock

# its window for drawing boxes needs a browser; reading and splitting do not
for name in ("cv2", "matplotlib", "matplotlib.pyplot", "bbox_visualizer", "ipywidgets", "jupyter_bbox_widget", "PIL"):
    sys.modules.setdefault(name, MagicMock())

from pylabel import importer
from sklearn.model_selection import GroupShuffleSplit

PICTURES, FACES = 40, 5
images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(PICTURES)]
boxes = [
    {"id": i * FACES + k, "image_id": i, "category_id": 1, "bbox": [100 * k, 50, 80, 90], "area": 7200, "iscrowd": 0}
    for i in range(PICTURES)
    for k in range(FACES)
]
file = sys.argv[1] + "/faces.json"
with open(file, "w") as out:
    json.dump({"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "face"}]}, out)


def in_both(split):
    """How many pictures have faces in more than one part, and the shares of the parts."""
    data = importer.ImportCoco(file)
    split(data)
    parts = data.df.groupby("img_filename")["split"].nunique()
    return int((parts > 1).sum()), data.df["split"].value_counts(normalize=True).round(2).to_dict()


def own(data):
    """The same two steps by scikit-learn, with the column as groups."""
    groups, rows = data.df["img_filename"].to_numpy(), data.df.index.to_numpy()
    train, rest = next(GroupShuffleSplit(n_splits=1, train_size=0.6, random_state=0).split(rows, groups=groups))
    test, val = next(GroupShuffleSplit(n_splits=1, train_size=0.5, random_state=0).split(rest, groups=groups[rest]))
    for name, part in (("train", train), ("test", rest[test]), ("val", rest[val])):
        data.df.loc[part, "split"] = name


shares = {"train_pct": 0.6, "test_pct": 0.2, "val_pct": 0.2}
found = {
    "by picture": in_both(lambda d: d.splitter.GroupShuffleSplit(**shares, group_col="img_filename", random_state=0)),
    "by a column that is the same for all": in_both(
        lambda d: d.splitter.GroupShuffleSplit(**shares, group_col="cat_name", random_state=0)
    ),
    "by picture, stratified": in_both(lambda d: d.splitter.StratifiedGroupShuffleSplit(**shares)),
    "by picture, with scikit-learn": in_both(own),
}
for name, (pictures, parts) in found.items():
    print(f"{name}: {pictures} of {PICTURES} pictures are in more than one part; shares {parts}")
pictures = [value[0] for value in found.values()]
sys.exit(0 if pictures[0] == pictures[1] > 30 and pictures[2:] == [0, 0] else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" "$place" 2>/dev/null
