#!/usr/bin/env bash
# pylabel 0.1.55, pandas 2.3.3: in a COCO file each picture without a face repeats the face before it.
#
# Expected: `ImportCoco` keeps pictures without a box, with empty columns, and `ExportToCoco` writes a picture for each
#   and an annotation for each box: "If the class id is blank, then there is no annotation to add". What was read is
#   written.
# Seen: the box of the row before is written once more for every picture without one, with the same id and the same
#   picture. Of two faces in five pictures five annotations come out; the faces that stand before empty pictures weigh
#   more in training, and an evaluation by such a file looks for faces twice and cannot find them.
# Source: pylabel/exporter.py, `ExportToCoco`: where the class is blank `annotations` and `categories` are not set anew,
#   and the question whether the class is blank is asked of what is left in them.
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

# its window for drawing boxes needs a browser; reading and writing do not
for name in ("cv2", "matplotlib", "matplotlib.pyplot", "bbox_visualizer", "ipywidgets", "jupyter_bbox_widget", "PIL"):
    sys.modules.setdefault(name, MagicMock())

from pylabel import importer

PICTURES = 5
before, after = sys.argv[1] + "/before.json", sys.argv[1] + "/after.json"


def there_and_back(with_faces):
    """The annotations that are written, and those that were read, each as picture, box and class; and the pictures."""
    images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(PICTURES)]
    faces = [
        {"id": k, "image_id": i, "category_id": 1 + k % 2, "bbox": [10 * i, 50, 80, 90], "area": 7200, "iscrowd": 0}
        for k, i in enumerate(with_faces)
    ]
    names = [{"id": 1, "name": "happy"}, {"id": 2, "name": "sad"}]
    with open(before, "w") as file:
        json.dump({"images": images, "annotations": faces, "categories": names}, file)
    importer.ImportCoco(before).export.ExportToCoco(after)
    with open(after) as file:
        written = json.load(file)
    rows = [[(a["image_id"], a["bbox"], a["category_id"]) for a in part] for part in (written["annotations"], faces)]
    return *rows, len(written["images"])


right = []
for with_faces, repeats in ((range(PICTURES), {}), ((0, 2), {0: 2, 2: 3})):
    written, read, pictures = there_and_back(with_faces)
    print(f"faces in pictures {list(with_faces)} of {PICTURES}: {len(read)} annotations read, {len(written)} written, "
          f"of pictures {[image for image, *_ in written]}")
    expected = [row for row in read for _ in range(repeats.get(row[0], 1))]
    right.append(pictures == PICTURES and written == expected)
sys.exit(0 if all(right) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" "$place" 2>/dev/null
