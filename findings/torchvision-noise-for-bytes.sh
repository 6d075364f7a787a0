#!/usr/bin/env bash
# torchvision 0.29.1, torch 2.14.1: RandomErasing with random values makes eight greys of a picture of bytes.
#
# Expected: `value="random"` erases each pixel with random values: in a uint8 picture, as the transforms of today hand on,
#   any of the 256, or an error.
# Seen: normal noise around 0 is cast to bytes without a word: a rectangle of 0 to 3 and, as negative ones wrap round,
#   252 to 255. Scaled to floats the network is trained on black and white specks in place of noise.
# Source: torchvision/transforms/v2/_augment.py, `RandomErasing.make_params`, makes the noise in float32 for any picture.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet torch==2.14.1 torchvision==0.29.1
cat > "$place/try.py" <<'PYTHON'
import sys

import torch
from torchvision import transforms
from torchvision.transforms import v2

torch.manual_seed(0)
found = {}
for name, kind in {"v2": v2.RandomErasing, "v1": transforms.RandomErasing}.items():
    picture = torch.full((3, 64, 64), 128, dtype=torch.uint8)
    erased = kind(p=1, value="random")(picture.clone())
    values = erased[erased != picture]
    found[name] = values.unique().tolist()
    print(f"{name}: {len(values)} values of {erased.dtype} were erased with {found[name]}")
sys.exit(0 if all(values and all(one < 10 or one > 245 for one in values) for values in found.values()) else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py"
