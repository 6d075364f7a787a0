#!/usr/bin/env bash
# fer 25.10.3, opencv-python-headless 5.0.0.93, pandas 3.1.1: with `frequency` and `batch_size` a batch is one frame,
#   repeated.
#
# Expected: `Video.analyze` with `frequency` looks at "every nth frame", and with `batch_size` takes a "number of frames
#   to process together for GPU efficiency": the size of the batch changes the time, not which frames are looked at.
# Seen: with every 5th frame and batches of 4 the frames 0, 0, 0, 0, 20, 20, 20, 20, 40, ... are looked at: each answer
#   is there four times, and three quarters of the frames that were asked for are never seen. A smile of 10 frames
#   between is not in the table at all. Each of the two options alone is right.
# Source: fer/classes.py, `Video.analyze` seeks to `self.frameCount` before each frame, which moves on only once the
#   batch is full and answered.
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet numpy==2.4.6 opencv-python-headless==5.0.0.93 pandas==3.1.1 tqdm
"$place/env/bin/pip" install --quiet --no-deps fer==25.10.3
cat > "$place/try.py" <<'PYTHON'
import importlib.util
import sys
import types
from pathlib import Path

import cv2
import numpy as np

# no screen here, and the network and its frameworks are not needed: the module alone, with a detector of its own
cv2.waitKey = lambda milliseconds: -1
cv2.destroyAllWindows = lambda: None
place = Path(importlib.util.find_spec("fer").submodule_search_locations[0])
sys.modules["fer"] = types.ModuleType("fer")
sys.modules["fer"].__path__ = []
sys.modules["fer.utils"] = types.ModuleType("fer.utils")
sys.modules["fer.utils"].draw_annotations = lambda frame, *others, **options: frame
file = importlib.util.spec_from_file_location("fer.classes", place / "classes.py")
classes = importlib.util.module_from_spec(file)
file.loader.exec_module(classes)

FRAMES, SMILE = 60, range(10, 20)
folder = Path(sys.argv[1])
writer = cv2.VideoWriter(str(folder / "video.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 30, (64, 64))
for number in range(FRAMES):
    writer.write(np.full((64, 64, 3), 4 * number, np.uint8))
writer.release()


class Detector:
    """One face in each frame, whose number is its brightness; happy where the smile is."""

    def __init__(self):
        self.seen = []

    def _get_labels(self):
        return {0: "happy"}

    def detect_emotions(self, frame):
        self.seen.append(round(float(frame.mean()) / 4))
        return [{"box": (8, 8, 40, 40), "emotions": {"happy": float(self.seen[-1] in SMILE)}}]

    def batch_detect_emotions(self, frames):
        return [self.detect_emotions(frame) for frame in frames]


right = True
for every, size in ((1, 1), (1, 4), (5, 1), (5, 4)):
    detector = Detector()
    video = classes.Video(str(folder / "video.avi"), outdir=str(folder / "out"))
    table = video.analyze(detector, output="pandas", frequency=every, batch_size=size, save_frames=False,
                          save_video=False, zip_images=False)
    expected = list(range(0, FRAMES, every))
    smiles, true = int(table["happy"].sum()), sum(number in SMILE for number in expected)
    print(f"every {every}, batches of {size}: frames {str(detector.seen[:12])[1:-1]}, ... expected", end=" ")
    print(f"{str(expected[:12])[1:-1]}, ...; {smiles} smiles in the table, expected {true}")
    if (every, size) == (5, 4):
        wrong = detector.seen == [0] * 4 + [20] * 4 + [40] * 4 and smiles == 0 and true == 2
    else:
        right = right and detector.seen == expected and smiles == true
sys.exit(0 if right and wrong else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" "$place" 2>/dev/null
