"""A file of answers: what is taken for whole when it was cut off anywhere."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_models.analyzer import Prediction
from fer_models.faces import Face
from fer_models.pictures import PictureAnswers, PictureFile
from fer_models.records import Csv, JsonLines, RecordFile
from fer_models.schema import Origin

ORIGIN = Origin(software="fer-models 1", weights={"m": "ab" * 32}, settings={"cropped": "no"})
FACE = Face((1.0, 2.0, 30.0, 40.0), np.zeros((5, 2)), 0.99)


def answers(name: str, faces: int, error: str | None = None) -> PictureAnswers:
    told = Prediction("m", {"happiness": 0.75, "fear": 0.25}, True, Image.new("RGB", (8, 8)))
    file = PictureFile(10, "2026-01-01T00:00:00.000000+00:00")
    return PictureAnswers(Path(name), [FACE] * faces, [{"m": told}] * faces, error, file)


PICTURES = [answers("a.jpg", 2), answers("=b\n,.jpg", 0), answers("c.jpg", 0, "It is broken."), answers("d.jpg", 1)]


@pytest.mark.slow
@pytest.mark.parametrize("layout", [JsonLines(ORIGIN), Csv(ORIGIN, ["happiness", "fear"])], ids=["jsonl", "csv"])
def test_a_file_that_was_cut_anywhere_never_holds_more_than_was_written(layout, tmp_path):
    pieces = [layout.encode(picture) for picture in PICTURES]
    text = layout.header + "".join(pieces)
    ends = np.cumsum([len(layout.header), *map(len, pieces)])
    names = [str(picture.path) for picture in PICTURES]
    out = tmp_path / "out"
    for size in range(len(layout.header), len(text) + 1):
        out.write_text(text[:size], newline="")
        whole = {name for name, end in zip(names, ends[1:], strict=True) if end <= size} - {"c.jpg"}
        file = RecordFile(out, layout)
        file.close()
        assert file.done == whole, text[:size][-40:]
        kept = [piece for piece, name in zip(pieces, names, strict=True) if name in whole]
        assert out.read_bytes().decode() == layout.header + "".join(kept)
