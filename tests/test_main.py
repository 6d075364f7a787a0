"""`python -m fer_models`: JSON on standard output, one sentence per fault on standard error."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fer_models.__main__ import main
from fer_models.analyzer import CHECKPOINTS, Analyzer

ROOT = Path(__file__).resolve().parents[1]
MODEL = str(CHECKPOINTS / "pattlite-ferplus")
EXAMPLES = ROOT / "examples"


def test_a_photo_gives_one_json_object_per_face_from_anywhere(tmp_path):
    command = [sys.executable, "-m", "fer_models", str(EXAMPLES / "several_faces.jpg")]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert run.returncode == 0, run.stderr
    faces = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(faces) == 3
    for face in faces:
        left, top, right, bottom = face["box"]
        assert 0 <= left < right <= 1008 and 0 <= top < bottom <= 420
        answer = face["models"]["pattlite-ferplus"]
        assert answer["expression"] == max(answer["probabilities"], key=answer["probabilities"].get)
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_it_says_what_the_space_says(capsys, portrait):
    main([str(EXAMPLES / "portrait.jpg"), "--model", MODEL])
    (face,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    (answers,) = Analyzer([MODEL]).analyze(portrait).predictions
    expected = answers["pattlite-ferplus"]
    assert face["models"]["pattlite-ferplus"]["probabilities"] == pytest.approx(expected.probabilities, abs=1e-4)


def test_bad_files_are_named_and_the_good_one_is_answered(tmp_path, capsys):
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    photos = [str(text), str(EXAMPLES / "no_face.jpg"), str(EXAMPLES / "portrait.jpg"), str(tmp_path / "missing.jpg")]
    assert main([*photos, "--model", MODEL]) == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1
    faults = printed.err.splitlines()
    assert [line.split(": ")[0] for line in faults if ": " in line] == [photos[0], photos[1], photos[3]]
    assert "no face found" in printed.err and "Traceback" not in printed.err


def test_a_missing_checkpoint_is_one_sentence(tmp_path, capsys):
    assert main([str(EXAMPLES / "portrait.jpg"), "--model", str(tmp_path / "nothing")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "nothing" in error and len(error.splitlines()) == 1
