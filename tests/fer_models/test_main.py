"""`python -m fer_models`: answers on standard output or in a file that a later run goes on with, faults at the end."""

import csv
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fer_models.__main__ import main
from fer_models.analyzer import CHECKPOINTS, Analyzer
from fer_models.checkpoint import Checkpoint
from fer_models.paths import ROOT
from fer_models.photo import read_photo
from tests.support.tiny import tiny_checkpoint, tiny_pictures

MODEL = str(CHECKPOINTS / "pattlite-ferplus")
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def crops(tmp_path) -> Path:
    """A folder of 40 pictures, one of them in a sub-folder, with a file that is no picture and one that is broken."""
    folder = tmp_path / "crops"
    (folder / "more").mkdir(parents=True)
    for number, picture in enumerate(tiny_pictures(40)):
        picture.save((folder / "more" if number == 39 else folder) / f"{number:02}.png")
    (folder / "notes.txt").write_text("not asked for")
    (folder / "05.png").write_bytes(b"not a picture")
    return folder


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_photo_gives_one_json_object_with_its_faces(capsys):
    assert main([str(EXAMPLES / "several_faces.jpg"), "--model", MODEL]) == 0
    (photo,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert [face["face"] for face in photo["faces"]] == [1, 2, 3]
    for face in photo["faces"]:
        left, top, right, bottom = face["box"]
        assert 0 <= left < right <= 1008 and 0 <= top < bottom <= 420
        (answer,) = face["answers"]
        assert answer["expression"] == max(answer["probabilities"], key=answer["probabilities"].get)
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_it_says_what_the_space_says(capsys, portrait):
    assert main([str(EXAMPLES / "portrait.jpg"), "--model", MODEL]) == 0
    (photo,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    (answers,) = Analyzer([MODEL]).analyze(portrait).predictions
    (told,) = photo["faces"][0]["answers"]
    assert told["probabilities"] == pytest.approx(answers["pattlite-ferplus"].probabilities, abs=1e-4)


def test_bad_files_are_listed_at_the_end_with_their_reasons(tmp_path, capsys):
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    photos = [str(text), str(EXAMPLES / "no_face.jpg"), str(EXAMPLES / "portrait.jpg"), str(tmp_path / "missing.jpg")]
    assert main([*photos, "--model", MODEL]) == 1
    printed = capsys.readouterr()
    told = [json.loads(line) for line in printed.out.splitlines()]
    assert [photo["photo"] for photo in told] == photos
    assert "not a picture" in told[0]["error"] and told[1]["faces"] == [] and len(told[2]["faces"]) == 1
    summary, *faults = [line for line in printed.err.splitlines() if ": " in line and "Loading" not in line]
    assert summary == "4 pictures: 1 face, 1 without a face, 2 could not be read"
    assert [fault.split(": ")[0] for fault in faults] == [photos[0], photos[3]]
    assert faults[1].endswith("There is no such file or folder.")


def test_a_photo_without_a_face_is_an_answer_and_no_failure(capsys):
    assert main([str(EXAMPLES / "no_face.jpg"), "--model", MODEL]) == 0
    assert json.loads(capsys.readouterr().out)["faces"] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["answers.jsonl", "answers.csv"])
def test_a_run_that_was_cut_off_anywhere_ends_as_one_that_was_not(tmp_path, crops, tiny, name):
    command = [str(crops), "--cropped", "--model", tiny, "--out"]
    whole = tmp_path / name
    assert main([*command, str(whole)]) == 1
    content = whole.read_bytes()
    assert content.count(b"\n") == 40 + (name == "answers.csv")
    for size in (7, len(content) // 2, len(content) - 1):
        part = tmp_path / f"part-{size}-{name}"
        part.write_bytes(content[:size])
        assert main([*command, str(part)]) == 1
        assert answered(part) == answered(whole)


def answered(file: Path) -> dict[str, str | None]:
    """Picture -> the expression in a file of one model's answers; `None` for a bad picture. Each picture is there once.

    Probabilities are left out: their last digit depends on which other faces were in the pass."""
    if file.suffix == ".csv":
        with file.open(newline="") as stream:
            rows = [(row["photo"], row["expression"] or None) for row in csv.DictReader(stream)]
    else:
        rows = [(p["photo"], None if "error" in p else p["faces"][0]["answers"][0]["expression"]) for p in lines(file)]
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def test_what_is_done_is_not_done_again_but_a_bad_or_replaced_file_is(tmp_path, crops, tiny, capsys):
    out = tmp_path / "answers.jsonl"
    command = [str(crops), "--cropped", "--model", tiny, "--out", str(out)]
    main(command)
    done = [line for line in out.read_text().splitlines() if '"error"' not in line]
    shutil.copy(crops / "00.png", crops / "05.png")  # was bad
    shutil.copy(crops / "07.png", crops / "06.png")
    capsys.readouterr()
    assert main(command) == 0
    assert "40 pictures: 38 answered before, 2 faces" in capsys.readouterr().err
    again = out.read_text().splitlines()
    assert again[:38] == [line for line in done if '06.png"' not in line]
    assert [json.loads(line)["photo"] for line in again[38:]] == [str(crops / "05.png"), str(crops / "06.png")]
    for copy, original in ((38, 0), (39, 5)):  # 05 and 06 are gone from among the first ones
        one, other = (lines(out)[index]["faces"][0]["answers"][0]["probabilities"] for index in (copy, original))
        assert one == pytest.approx(other, abs=2e-4)


@pytest.mark.parametrize("name", ["answers.jsonl", "answers.csv"])
def test_answers_with_other_options_or_weights_are_left_alone(tmp_path, crops, capsys, name):
    folder = tiny_checkpoint(tmp_path / "net")
    out = tmp_path / name
    command = [str(crops / "00.png"), str(crops / "01.png"), "--cropped", "--model", str(folder), "--out", str(out)]
    assert main(command) == 0
    present = out.read_bytes()
    assert main([*command, "--maps", str(tmp_path / "maps")]) == 2
    told = capsys.readouterr().err
    assert "other options (cropped: yes, maps: none, trust: none, balanced: no; now cropped: yes, maps: gradcam" in told
    without = [option for option in command if option != "--cropped"]
    assert main(without) == 2
    assert "other options" in capsys.readouterr().err
    tiny_checkpoint(folder, seed=1)
    assert main(command) == 2
    assert "answers of other weights of net; choose another file" in capsys.readouterr().err
    assert out.read_bytes() == present


def test_a_file_of_an_earlier_version_is_refused_in_one_sentence(tmp_path, crops, tiny, capsys):
    earlier = {
        "answers.jsonl": '{"photo": "a.png", "faces": []}\n',
        "answers.csv": "photo,faces,face,left,top,right,bottom,score,model,expression,probability,sure,"
        "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,error\na.png,0,,,,,,,,,,,,,,,,,,,\n",
    }
    for name, present in earlier.items():
        (tmp_path / name).write_text(present)
        assert main([str(crops), "--cropped", "--model", tiny, "--out", str(tmp_path / name)]) == 2
        assert (
            "earlier version, which did not note weights and settings; choose another file" in capsys.readouterr().err
        )
        assert (tmp_path / name).read_text() == present


def test_each_answer_says_where_it_comes_from_and_what_the_space_says(tmp_path, tiny, capsys):
    assert main([str(EXAMPLES / "portrait.jpg"), "--model", MODEL, "--model", tiny]) == 0
    (photo,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    weights = hashlib.sha256((Path(tiny) / "model.safetensors").read_bytes()).hexdigest()
    assert photo["origin"]["weights"]["tiny"] == weights and set(photo["origin"]["weights"]) == {
        "pattlite-ferplus",
        "tiny",
    }
    assert photo["origin"]["software"].startswith("fer-models")
    assert photo["origin"]["settings"] == {"cropped": "no", "maps": "none", "trust": "none", "balanced": "no"}
    assert photo["file"]["bytes"] == (EXAMPLES / "portrait.jpg").stat().st_size
    (face,) = photo["faces"]
    sure, other = face["answers"]
    assert sure["how_sure"] == "very sure" and face["agreed"] == (
        "happiness" if other["expression"] == "happiness" else None
    )


@pytest.mark.slow
def test_with_trust_every_map_says_how_far_it_can_be_trusted(tmp_path, crops, tiny):
    command = [str(crops / "00.png"), "--cropped", "--model", tiny, "--trust", "--out"]
    for name in ("answers.jsonl", "answers.csv"):
        assert main([*command, str(tmp_path / name)]) == 0
    (answer,) = lines(tmp_path / "answers.jsonl")[0]["faces"][0]["answers"]
    for measured in answer["trust"].values():
        halves = measured["random_deletion_area"] - measured["deletion_area"]
        halves += measured["insertion_area"] - measured["random_insertion_area"]
        assert measured["gain"] == pytest.approx(halves / 2, abs=2e-3)
    with (tmp_path / "answers.csv").open(newline="", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert row["map"] in answer["trust"] and int(row["beats"]) == answer["trust"][row["map"]]["beats"]
    assert int(row["same_degraded"]) == answer["steadiness"]["same"] <= answer["steadiness"]["of"] == 6
    assert float(row["lowest_degraded"]) == answer["steadiness"]["lowest"]


def test_names_that_begin_a_formula_are_text_in_a_spreadsheet_and_are_gone_on_with(tmp_path, crops, tiny, monkeypatch):
    monkeypatch.chdir(crops)
    names = ["=1+1.png", "@sum.png", "+a.png", "-b.png", "'quoted.png"]
    for name in names:
        shutil.copy("00.png", name)
    out = tmp_path / "answers.csv"
    assert main(["--cropped", "--model", tiny, "--out", str(out), "--", *names]) == 0
    with out.open(newline="", encoding="utf-8") as stream:
        written = [row["photo"] for row in csv.DictReader(stream)]
    assert written == ["'=1+1.png", "'@sum.png", "'+a.png", "'-b.png", "''quoted.png"]
    before = out.read_bytes()
    assert main(["--cropped", "--model", tiny, "--out", str(out), "--", *names]) == 0
    assert out.read_bytes() == before  # all were known by their names


def test_a_killed_run_leaves_whole_lines_and_the_next_one_goes_on(tmp_path, tiny):
    folder, out = tmp_path / "photos", tmp_path / "answers.jsonl"
    folder.mkdir()
    for number in range(60):
        shutil.copy(EXAMPLES / "portrait.jpg", folder / f"{number:02}.jpg")
    command = [sys.executable, "-m", "fer_models", str(folder), "--model", tiny, "--out", str(out), "--batch", "1"]

    def interruptible() -> None:  # whoever runs the tests in the background may have it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=interruptible) as process:
        try:
            deadline = time.monotonic() + 300
            while not out.exists() or not out.stat().st_size:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130 and told.splitlines()[-1].startswith("interrupted; the same command goes on")
    before = lines(out)
    assert 0 < len(before) < 60
    for path in folder.iterdir():  # the rest need not take the time of so many photos
        if path.name > f"{len(before) + 1:02}.jpg":
            path.unlink()
    assert main(command[3:]) == 0
    after = lines(out)
    assert after[: len(before)] == before and len(after) == len(before) + 2
    assert all(photo["faces"] for photo in after)


def test_csv_has_a_row_per_face_and_model(tmp_path, tiny):
    out = tmp_path / "answers.csv"
    photos = [str(EXAMPLES / "several_faces.jpg"), str(EXAMPLES / "no_face.jpg")]
    assert main([*photos, "--model", MODEL, "--model", tiny, "--out", str(out)]) == 0
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["face"], row["model"]) for row in rows[:6]] == [
        (face, model) for face in "123" for model in ("pattlite-ferplus", "tiny")
    ]
    assert {row["faces"] for row in rows[:6]} == {"3"} and rows[6]["faces"] == "0" and len(rows) == 7
    assert rows[0]["expression"] == "happiness" and float(rows[0]["happiness"]) == float(rows[0]["probability"]) > 0.9


@pytest.mark.parametrize(
    "present, words",
    [
        ('{"photo": "a.png", "faces": [{"answers": [{"model": "another"}]}]}\n', "holds answers of another"),
        ("dear diary\n", "holds something else"),
        ('{"my": "data"}\n', "holds something else"),
    ],
)
def test_a_file_that_is_not_ours_to_go_on_with_is_left_alone(tmp_path, crops, tiny, capsys, present, words):
    out = tmp_path / "answers.jsonl"
    out.write_text(present)
    assert main([str(crops), "--cropped", "--model", tiny, "--out", str(out)]) == 2
    assert words in capsys.readouterr().err
    assert out.read_text() == present


def test_a_csv_of_other_models_is_left_alone(tmp_path, crops, tiny, capsys):
    out = tmp_path / "answers.csv"
    command = [str(crops / "00.png"), str(crops / "01.png"), "--cropped", "--out", str(out), "--model", tiny]
    assert main(command) == 0
    present = out.read_text()
    assert main([*command, "--model", MODEL]) == 2
    assert "answers of tiny" in capsys.readouterr().err and out.read_text() == present


def test_maps_are_written_a_folder_per_picture_and_not_taken_for_pictures(tmp_path, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(EXAMPLES / "portrait.jpg", folder)
    command = [str(folder), "--model", MODEL, "--maps", str(folder / "maps"), "--method", "eigencam"]
    for _ in range(2):
        assert main(command) == 0
        assert "1 picture: 1 face," in capsys.readouterr().err
    names = sorted(path.name for path in (folder / "maps" / "portrait.jpg").iterdir())
    assert names == ["1-pattlite-ferplus-eigencam.jpg", "1-pattlite-ferplus-patch-attention.jpg", "maps.json"]
    listed = json.loads((folder / "maps" / "portrait.jpg" / "maps.json").read_text())
    assert [one["file"] for one in listed] == names[:2]
    assert listed[1]["meaning"].startswith("The share of each quarter's features")


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([str(EXAMPLES / "portrait.jpg"), "--model", "./nothing"], "no checkpoint folder and no Hub repo './nothing'"),
        ([str(ROOT / "tests" / "e2e")], "no pictures there"),
    ],
)
def test_what_cannot_be_carried_out_is_one_sentence(capsys, arguments, words):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and words in error and len(error.splitlines()) == 1


def test_an_output_of_another_kind_is_refused_before_anything_is_loaded(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main([str(EXAMPLES), "--out", str(tmp_path / "answers.xlsx")])
    assert stop.value.code == 2 and "must end in .jsonl, .csv or .parquet" in capsys.readouterr().err


def test_balanced_answers_are_never_added_to_a_file_of_others(tmp_path, crops, capsys):
    folder = tiny_checkpoint(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text()) | {"class_priors": [0.86, *[0.02] * 7]}
    (folder / "config.json").write_text(json.dumps(config))
    out, one = tmp_path / "answers.jsonl", str(crops / "00.png")
    asked = [one, "--cropped", "--model", str(folder), "--out", str(out)]
    assert main([*asked, "--balanced"]) == 0
    (written,) = lines(out)
    assert written["origin"]["settings"]["balanced"] == "yes"
    capsys.readouterr()
    assert main(asked) == 2
    assert "balanced" in capsys.readouterr().err
    assert lines(out) == [written]


def test_mirrored_answers_are_the_librarys_and_never_added_to_a_file_of_others(tmp_path, crops, tiny, capsys):
    out, one = tmp_path / "answers.jsonl", crops / "00.png"
    asked = [str(one), "--cropped", "--model", tiny, "--out", str(out)]
    assert main([*asked, "--mirror"]) == 0
    (written,) = lines(out)
    assert written["origin"]["settings"]["mirror"] == "yes"
    (expected,) = Checkpoint(tiny).predict([read_photo(one)], None, mirror=True)
    (answer,) = written["faces"][0]["answers"]
    assert answer["probabilities"] == pytest.approx(expected.probabilities, abs=1e-4)
    assert main(asked) == 2 and "mirror" in capsys.readouterr().err
    assert main([*asked[:-1], str(tmp_path / "plain.jsonl")]) == 0
    assert "mirror" not in lines(tmp_path / "plain.jsonl")[0]["origin"]["settings"]


def test_a_model_that_cannot_balance_is_named(crops, tiny, capsys):
    assert main([str(crops / "00.png"), "--cropped", "--model", tiny, "--balanced"]) == 2
    assert "error: tiny does not know how common its expressions are" in capsys.readouterr().err


def test_maps_that_cannot_be_written_are_one_sentence(tmp_path, capsys):
    (tmp_path / "taken").write_text("a file where the folder should be")
    assert main([str(EXAMPLES / "portrait.jpg"), "--model", MODEL, "--maps", str(tmp_path / "taken")]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ") and "taken" in error and error.endswith("name another place")
