#!/usr/bin/env bash
# torchvision 0.29.2, torch 2.15.0: landmarks are flipped by another measure than they are resized and turned by.
#
# Expected: whatever `tv_tensors.KeyPoints` count, the left edge of the picture or the middle of its first pixel, from
#   0, transforms v2 move them as the picture is moved: to flip and then enlarge is to enlarge and then flip, and two
#   flips are half a turn, as it is for pictures and boxes.
# Seen: horizontal_flip and vertical_flip count from the middle of the first pixel (x becomes width - 1 - x), and
#   resize, rotate, affine, perspective count from the edge. A landmark of a face of 48 pixels that is flipped and
#   enlarged to 480 is 9 pixels beside where it is when enlarged and flipped; against the picture one of the two is 10
#   pixels, a whole pixel of the face, off. A point on the edge of a box leaves it with the flip. Half of the pictures,
#   as RandomHorizontalFlip has it, get landmarks that do not fit the others'.
# Source: torchvision/transforms/v2/functional/_geometry.py, `horizontal_flip_keypoints` and `vertical_flip_keypoints`,
#   against `resize_keypoints` and `horizontal_flip_bounding_boxes`.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.15.0 torchvision==0.29.2
cat > "$place/try.py" <<'PYTHON'
import sys

import torch
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as F

SIDE, BIG = 48, 480
X, Y = 30.0, 20.0
WAYS = {
    "flipped, enlarged": lambda a: F.resize(F.horizontal_flip(a), [BIG, BIG]),
    "enlarged, flipped": lambda a: F.horizontal_flip(F.resize(a, [BIG, BIG])),
    "flipped upside down, enlarged": lambda a: F.resize(F.vertical_flip(a), [BIG, BIG]),
    "enlarged, flipped upside down": lambda a: F.vertical_flip(F.resize(a, [BIG, BIG])),
    "flipped twice": lambda a: F.vertical_flip(F.horizontal_flip(a)),
    "half a turn": lambda a: F.rotate(a, 180),
}
canvas = {"canvas_size": (SIDE, SIDE)}
# a spot around the point, with the picture's left edge as 0
middles = torch.arange(SIDE) + 0.5
spot = torch.exp(-((middles[None, :] - X) ** 2 + (middles[:, None] - Y) ** 2) / 8)[None]
given = {
    "spot in the picture": tv_tensors.Image(spot),
    "middle of the box": tv_tensors.BoundingBoxes(
        torch.tensor([[X - 5, Y - 5, X + 5, Y + 5]]), format="XYXY", **canvas
    ),
    "landmark": tv_tensors.KeyPoints(torch.tensor([[X, Y]]), **canvas),
}


def where(moved):
    if isinstance(moved, tv_tensors.Image):
        weights = moved[0] / moved[0].sum()
        middles = torch.arange(len(weights)) + 0.5
        return float((weights * middles[None, :]).sum()), float((weights * middles[:, None]).sum())
    if isinstance(moved, tv_tensors.BoundingBoxes):
        return tuple(float(v) for v in (moved[0, :2] + moved[0, 2:]) / 2)
    return tuple(float(v) for v in moved[0])


found = {name: {way: where(move(one)) for way, move in WAYS.items()} for name, one in given.items()}
for way in WAYS:
    print(f"{way}: " + "; ".join("{} at {:.1f}, {:.1f}".format(name, *found[name][way]) for name in given))


def apart(name, first, second):
    return max(abs(a - b) for a, b in zip(found[name][first], found[name][second]))


ways, right = list(WAYS), []
for first, second, by in ((*ways[:2], 9), (*ways[2:4], 9), (*ways[4:], 1)):
    gaps = [apart(name, first, second) for name in given]
    print(f"{first} or {second}: apart by", ", ".join(f"{gap:.1f} ({name})" for name, gap in zip(given, gaps)))
    right.append(max(gaps[:2]) < 0.2 and abs(gaps[2] - by) < 0.1)
sys.exit(0 if all(right) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
