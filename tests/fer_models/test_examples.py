"""The scripts under examples/, run as a reader would run them."""

import contextlib
import io
import re
import runpy
import shutil
import sys

import pytest

from fer_models.paths import ROOT
from tests.support.tiny import tiny_checkpoint

pytestmark = pytest.mark.slow  # answers photos

EXAMPLES = ROOT / "examples"


def run(monkeypatch, script: str, *arguments: object) -> str:
    """What the script prints. In this process, as a new one would spend its time on imports."""
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    return printed.getvalue()


def test_classify_prints_three_expressions_per_face_the_surest_first(monkeypatch):
    printed = run(monkeypatch, "classify.py", EXAMPLES / "several_faces.jpg")
    rows = [line.split("\t")[1:] for line in printed.splitlines()]
    assert [len(row) for row in rows] == [3, 3, 3]
    assert sorted(row[0].split()[0] for row in rows) == ["happiness", "happiness", "neutral"]
    for row in rows:
        scores = [float(answer.split()[1]) for answer in row]
        assert scores == sorted(scores, reverse=True) and sum(scores) <= 1.001


def test_explain_writes_each_map_and_prints_its_meaning(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    answer, *maps = run(monkeypatch, "explain.py", EXAMPLES / "portrait.jpg").splitlines()
    assert re.match(r"face 1: happiness (9\d|100)\.", answer) and "not sure" not in answer
    files = [line.strip().split(": ")[0] for line in maps]
    assert files == ["portrait-1-Grad-CAM-for-happiness.png", "portrait-1-patch-attention.png"]
    assert sorted(files) == sorted(path.name for path in tmp_path.iterdir())
    assert all(line.endswith(".") for line in maps)


def test_compare_counts_where_two_models_agree(monkeypatch, tmp_path):
    tiny = tiny_checkpoint(tmp_path / "tiny")
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("portrait.jpg", "several_faces.jpg", "no_face.jpg"):
        shutil.copy(EXAMPLES / name, photos)
    lines = run(monkeypatch, "compare.py", "pattlite-ferplus", tiny, photos).splitlines()
    assert lines[0].startswith("4 faces; pattlite-ferplus and tiny agree on ")
    agreed = int(lines[0].split(" agree on ")[1].split()[0])
    listed = lines.index("most at odds:")
    assert agreed + sum(int(line.split()[0]) for line in lines[2:listed]) == 4
    assert len(lines) - listed - 1 == 4 - agreed


def test_compare_of_a_model_with_itself_finds_no_difference(monkeypatch, tmp_path):
    copy = shutil.copytree(ROOT / "checkpoints" / "pattlite-ferplus", tmp_path / "copy")
    lines = run(monkeypatch, "compare.py", "pattlite-ferplus", copy, EXAMPLES).splitlines()
    assert lines[0] == "7 faces; pattlite-ferplus and copy agree on 7 (100%)" and lines[-1] == "most at odds:"


def test_compare_of_a_folder_without_faces_says_so(monkeypatch, tmp_path):
    tiny = tiny_checkpoint(tmp_path / "tiny")
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(EXAMPLES / "no_face.jpg", photos)
    with pytest.raises(SystemExit, match="no face in these pictures"):
        run(monkeypatch, "compare.py", "pattlite-ferplus", tiny, photos)
