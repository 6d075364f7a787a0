"""What a run leaves behind tells how right it was after each epoch, also when it was stopped."""

import json

import pytest

from fer_models import DDAMFNConfig
from fer_models.results import read
from train.curves import PICTURE, main, training_curves
from train.data.face_dataset import DataError
from train.pages.found import Found
from train.pages.training import curves

STAGES = [
    {"name": "small", "image_size": 64, "teachers": []},
    {"name": "large", "image_size": None, "teachers": ["mobilenetv1-ferplus"], "own_share": 0.3},
    {"name": "not begun", "image_size": None, "teachers": []},
]


@pytest.fixture
def run(tmp_path):
    """A run that was stopped in its second stage, after an epoch of three."""
    folder = tmp_path / "runs" / "tiny"
    for stage, step, accuracies in ((1, 10, (0.5,)), (1, 30, (0.5, 0.75, 0.7)), (2, 10, (0.8,))):
        checkpoint = folder / f"stage-{stage}" / f"checkpoint-{step}"
        checkpoint.mkdir(parents=True)
        log = []
        for epoch, accuracy in enumerate(accuracies, start=1):
            log += [
                {"epoch": epoch, "loss": 2.0 / epoch},
                {"epoch": epoch, "eval_accuracy": accuracy, "eval_loss": 1.0},
            ]
        (checkpoint / "trainer_state.json").write_text(json.dumps({"log_history": log}))
    (folder / "stage-2" / "checkpoint-20").mkdir()  # killed while it was written
    content = {"name": "tiny", "model": {"image_size": 112}, "recipe": {"stages": STAGES}}
    (folder / "run.json").write_text(json.dumps(content))
    return folder


def test_each_stage_that_has_an_epoch_is_told_with_its_best(run):
    found = training_curves(run)
    assert [(one.name, one.image_size, one.teachers) for one in found.stages] == [
        ("small", 64, ()),
        ("large", 112, ("mobilenetv1-ferplus", "itself")),
    ]
    assert [one.accuracy for one in found.stages] == [(0.5, 0.75, 0.7), (0.8,)]
    assert found.stages[0].loss == (2.0, 1.0, 2.0 / 3) and [one.best for one in found.stages] == [2, 1]


def test_a_model_whose_config_leaves_its_size_open_has_that_of_its_architecture(run):
    noted = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(noted | {"model": {}, "architecture": "ddamfn"}))
    assert [one.image_size for one in training_curves(run).stages] == [64, DDAMFNConfig().image_size]


def test_the_command_writes_the_result_the_picture_and_what_the_page_says(run, tmp_path, capsys):
    main([str(run), "--name", "tiny-again", "--out", str(tmp_path / "results")])
    assert "tiny-again, small: 50.00 %, 75.00 %, 70.00 %; best: epoch 2" in capsys.readouterr().out
    assert read(tmp_path / "results" / "tiny-again-training.json").config["recipe"]["stages"] == STAGES
    assert (tmp_path / "results" / PICTURE).read_bytes().startswith(b"\x89PNG")
    page = curves(Found.in_folder(tmp_path / "results"), "")
    assert "| `tiny-again` | small | 64 | nobody | 50.0 **75.0** 70.0 |" in page
    assert "| `tiny-again` | large | 112 | mobilenetv1-ferplus, itself | **80.0** |" in page


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no training run in"), ("{", "cannot be read"), ('{"name": "tiny"}', "cannot be read")],
)
def test_a_folder_that_holds_no_run_is_said_in_a_sentence(tmp_path, content, message):
    if content:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(SystemExit, match=f"error: .*{message}"):
        main([str(tmp_path), "--out", str(tmp_path)])


def test_a_run_without_an_epoch_says_so(run):
    for state in run.glob("stage-*/checkpoint-*/trainer_state.json"):
        state.unlink()
    with pytest.raises(DataError, match="no whole epoch yet"):
        training_curves(run)
