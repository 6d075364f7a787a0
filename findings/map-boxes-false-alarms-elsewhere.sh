#!/usr/bin/env bash
# map-boxes 1.0.6, numpy 2.4.6, pandas 3.1.1: what is found in pictures without a face does not count, either way.
#
# Expected: `exclude_not_in_annotations`, "exclude image IDs which are not exist in annotations", is False unless one
#   says otherwise: then detections in pictures without any face are false alarms and lower the average precision.
# Seen: they are left out with False and with True. A detector that sees a face in each of a hundred pictures of empty
#   rooms, surer than in the pictures with faces, has an AP of 1.00, where the definition says 0.33. The option does
#   nothing. False alarms in pictures that have a face do count.
# Source: map_boxes/__init__.py, `mean_average_precision_for_boxes`, goes through the pictures of the annotations only.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 pandas==3.1.1
"$place/env/bin/pip" install --quiet --no-deps map-boxes==1.0.6
cat > "$place/try.py" <<'PYTHON'
import contextlib
import io
import sys

import numpy as np

with contextlib.redirect_stdout(io.StringIO()):  # it says that it has no compiled part
    from map_boxes import mean_average_precision_for_boxes

faces = [[f"face {i}", "face", 10, 50, 10, 50] for i in range(50)]
hits = [[name, "face", 0.6, 10, 50, 10, 50] for name, *_ in faces]
rooms = [[f"room {i}", "face", 0.9, 10, 50, 10, 50] for i in range(100)]
beside = [[f"face {i % 50}", "face", 0.9, 100 + 50 * (i // 50), 140 + 50 * (i // 50), 10, 50] for i in range(100)]


def theirs(rows, exclude):
    given = np.array(faces, dtype=object), np.array(rows, dtype=object)
    return float(mean_average_precision_for_boxes(*given, exclude_not_in_annotations=exclude, verbose=False)[0])


def own(false_alarms):
    """The alarms are ahead of all hits: the envelope of precision is the last one's, at every recall."""
    return len(hits) / (len(hits) + len(false_alarms))


found = {}
for name, alarms in (("no false alarm", []), ("in empty rooms", rooms), ("beside the faces", beside)):
    found[name] = [theirs(alarms + hits, exclude) for exclude in (False, True)]
    texts = [f"{value:.2f}" for value in (*found[name], own(alarms))]
    print("{}: AP {}, with exclude_not_in_annotations {}; with all counted {}".format(name, *texts))
right = found["no false alarm"] == [1, 1] and all(abs(f - own(beside)) < 1e-9 for f in found["beside the faces"])
sys.exit(0 if right and found["in empty rooms"] == [1, 1] and own(rooms) < 0.4 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
