"""A campaign: what it leaves, what it skips and goes on with, and what it says of what is missing."""

from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import AutoModelForImageClassification

from tests.support.tiny import tiny_ferplus
from train.campaign import main

pytestmark = pytest.mark.slow  # trainings, or many passes for each face


STAGE = {"name": "all", "epochs": 30, "learning_rate": 1e-3}


@pytest.fixture
def asked(tmp_path):
    """Name of a config, options -> the arguments that train it on 32 made-up pictures."""
    data = tiny_ferplus(tmp_path / "tiny.parquet", count=64, splits=("Training", "PublicTest"))

    def arguments(*names: str, more: tuple[str, ...] = (), **stage) -> list[str]:
        files = []
        for name in names:
            content = {
                "name": name,
                "architecture": "mobilenetv1",
                "model": {"image_size": 32},
                "processor": {"do_grayscale": True, "source_size": 48},
                "data": {
                    "layout": "ferplus_parquet",
                    "labels": "ferplus",
                    "train": "Training",
                    "validation": "PublicTest",
                },
                "recipe": {
                    "soft_labels": True,
                    "stages": [{"name": "all", "epochs": 30, "learning_rate": 1e-3} | stage],
                },
                "card": {"title": name, "paper": "https://example.org"},
            }
            files.append(tmp_path / f"{name}.yaml")
            files[-1].write_text(yaml.safe_dump(content))
        return [*map(str, files), "--data", str(data), "--out", str(tmp_path / "out"), *more]

    return arguments


REHEARSAL = ("--epochs", "1", "--train-pictures", "16")


def test_a_rehearsal_leaves_half_precision_weights_shards_results_and_a_log_and_is_not_done_twice(
    asked, tmp_path, data_cache, capsys
):
    arguments = asked("one", more=(*REHEARSAL, "--max-shard-size", "1MB"))
    assert main(arguments) == 0
    out = tmp_path / "out"
    weights = load_file(out / "checkpoints/one/model.safetensors")
    assert weights["classifier.weight"].dtype == torch.float16
    assert "16 pictures, 1 epochs" in (out / "logs/one.log").read_text()
    assert (out / "results/one-on-ferplus_parquet-PublicTest.json").is_file()
    shards = sorted((out / "checkpoints/one/shards").glob("*.safetensors"))
    assert len(shards) > 3
    model = AutoModelForImageClassification.from_pretrained(out / "checkpoints/one/shards", dtype=torch.float32)
    torch.testing.assert_close(model.classifier.weight.data, weights["classifier.weight"].float())
    log = (out / "logs/one.log").read_text()
    capsys.readouterr()
    assert main(arguments) == 0
    assert "one: was done before" in capsys.readouterr().out
    assert (out / "logs/one.log").read_text() == log
    with pytest.raises(SystemExit, match="one was trained here with another config; choose another --out"):
        main(asked("one", more=("--epochs", "2")))


def test_when_time_is_up_what_was_begun_and_what_was_not_is_said(asked, tmp_path, capsys):
    assert main(asked("one", "two", more=("--hours", "0.0002"))) == 1
    told = capsys.readouterr().out
    assert "one: time was up; the same command goes on" in told
    assert "two: not begun: time was up" in told
    assert "0 of 2 configs are done; not one, two" in told
    assert not (tmp_path / "out/done").exists()


def test_a_config_that_fails_is_told_with_its_reason_and_the_next_one_is_trained(asked, tmp_path, data_cache, capsys):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not weights")
    assert main(asked("one", "two", more=(*REHEARSAL, "--backbone", f"one={broken}"))) == 1
    told = capsys.readouterr().out
    assert "one: failed: error: " in told and "is not a whole safetensors file" in told
    assert "two: done" in told


@pytest.mark.parametrize(
    "more, words",
    [
        (("--hours", "0"), "--hours: expected more than 0, found 0"),
        (("--backbone", "three=x"), "--backbone: expected NAME=FILE with a NAME of one, found 'three=x'"),
        (("--backbone", "one=/nowhere"), "no backbone weights at /nowhere"),
        (("--data", "/nowhere"), "expected a file or folder at /nowhere"),
        (("--train-pictures", "0"), "train_pictures: expected 1 or more, found 0"),
    ],
)
def test_what_is_missing_is_one_sentence_before_anything_is_trained(asked, tmp_path, more, words):
    with pytest.raises(SystemExit) as stop:
        main(asked("one", more=more))
    assert str(stop.value).startswith("error: ") and words in str(stop.value)
    assert not (tmp_path / "out/logs").exists()


def test_a_folder_that_is_no_config_is_named(tmp_path):
    with pytest.raises(SystemExit, match="no config at"):
        main([str(Path(tmp_path / "absent.yaml")), "--data", str(tmp_path), "--out", str(tmp_path / "out")])


def test_what_a_campaign_trained_first_teaches_the_next(asked, tmp_path, data_cache):
    alone, taught = asked("one"), asked("two", teachers=["one"], teachers_see="view", teacher_share=1.0)
    assert main([alone[0], taught[0], *alone[1:], *REHEARSAL]) == 0
    assert (tmp_path / "out/checkpoints/two/model.safetensors").is_file()
    assert "the answer of one for the very view" in (tmp_path / "out/checkpoints/two/README.md").read_text()


def test_a_student_whose_teacher_is_not_there_is_not_begun(asked, data_cache, capsys):
    assert main(asked("two", more=REHEARSAL, teachers=["one"])) == 1
    assert "no weights of one in" in capsys.readouterr().out
