#!/usr/bin/env bash
# uniface 4.2.1: the number of blocks of a pixelated face is the side of a block.
#
# Expected: `pixel_blocks` is documented as the block count: with 15 every face, near or far, becomes a mosaic of 15 by 15,
#   and fewer blocks show less.
# Seen: it is the side of a block in pixels. With 15 a face of 90 pixels has 6 by 6 blocks, one of 450 pixels 30 by 30 and
#   one of 1080 pixels 72 by 72, more than the 48 by 48 pixels of a picture of FER2013: the expression can still be read.
#   Who asks for fewer blocks, 5, gets 90 by 90 of the face of 450 pixels.
# Source: uniface/privacy/blur.py, `_pixelate_blur`, divides the region's sides by the number.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet "uniface[cpu]==4.2.1"
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from uniface.privacy import BlurFace

random = np.random.default_rng(0)


def blocks(side, asked):
    """How many different columns of blocks a face of so many pixels has afterwards."""
    picture = random.integers(0, 256, size=(side, side, 3), dtype=np.uint8)
    hidden = BlurFace(method="pixelate", pixel_blocks=asked).blur_regions(picture, [(0, 0, side, side)])
    return 1 + int((hidden[:, 1:] != hidden[:, :-1]).any(axis=(0, 2)).sum())


found = {}
for asked in (15, 5):
    for side in (90, 450, 1080):
        found[asked, side] = blocks(side, asked)
        print(f"{asked} blocks asked for, face of {side} pixels: {found[asked, side]} blocks a side")
sys.exit(0 if found[15, 450] == 30 and found[15, 1080] == 72 and found[5, 450] == 90 else 1)
PYTHON
"$place/env/bin/python" "$place/try.py"
