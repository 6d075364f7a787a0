"""A run goes on with the config that it began with, and says what changed otherwise."""

import dataclasses
import json

import pytest

from train.config.recipe import Card, Data, HubConfig, Recipe, Stage
from train.data.face_dataset import DataError
from train.loop.run_folder import last_checkpoint, open_run


def config(*stages: Stage, **changes) -> HubConfig:
    data = Data(layout="ferplus_parquet", labels="ferplus", train="Training")
    return HubConfig("tiny", "pattlite", data, Card("Tiny", "none"), recipe=Recipe(stages=list(stages)), **changes)


FIRST, SECOND = Stage("first", epochs=2, learning_rate=1e-3), Stage("second", epochs=3, learning_rate=1e-4)


@pytest.fixture
def folder(tmp_path):
    """A run that has finished its only stage."""
    open_run(tmp_path / "run", config(FIRST), resume=False)
    (tmp_path / "run/stage-1").mkdir()
    return tmp_path / "run"


def test_the_key_that_changed_is_named_with_both_values(folder):
    slower = dataclasses.replace(FIRST, learning_rate=1e-4)
    with pytest.raises(DataError, match=r"recipe\.stages\[0\]\.learning_rate was 0\.001 and is 0\.0001; remove it"):
        open_run(folder, config(slower), resume=True)
    with pytest.raises(DataError, match=r"model\.image_size was 64 and is 96"):
        open_run(folder.with_name("other"), config(FIRST, model={"image_size": 64}), resume=False)
        open_run(folder.with_name("other"), config(FIRST, model={"image_size": 96}), resume=True)


def test_a_stage_that_has_not_begun_may_change_but_not_that_of_a_finished_run(folder):
    open_run(folder, config(FIRST, SECOND), resume=True)
    noted = json.loads((folder / "run.json").read_text())["recipe"]["stages"]
    assert [stage["name"] for stage in noted] == ["first", "second"]  # the note tells what the run does now
    with pytest.raises(DataError, match=r"recipe\.stages had 2 entries and has 1"):
        open_run(folder, config(FIRST), resume=True, finished=True)
    (folder / "stage-2").mkdir()
    with pytest.raises(DataError, match=r"recipe\.stages had 2 entries and has 1"):
        open_run(folder, config(FIRST), resume=True)


def test_a_key_that_the_schema_got_since_counts_as_its_default(folder):
    noted = json.loads((folder / "run.json").read_text())
    del noted["recipe"]["stages"][0]["teacher_share"], noted["start"]
    (folder / "run.json").write_text(json.dumps(noted))
    open_run(folder, config(FIRST), resume=True)
    (folder / "run.json").write_text(json.dumps(noted))
    with pytest.raises(DataError, match=r"teacher_share was 0\.5 and is 0\.7"):
        open_run(folder, config(dataclasses.replace(FIRST, teacher_share=0.7)), resume=True)


@pytest.mark.parametrize("note", ['{"recipe": {"seeds": 1}}', "{"])
def test_a_note_of_another_version_or_a_broken_one_is_refused(folder, note):
    (folder / "run.json").write_text(note)
    with pytest.raises(DataError, match=r"is of another version .*remove it to start over"):
        open_run(folder, config(FIRST), resume=True)
    assert (folder / "run.json").read_text() == note


def test_what_trains_nothing_may_change(folder):
    changed = dataclasses.replace(config(FIRST), card=Card("Other", "none"), half_precision=True)
    open_run(folder, changed, resume=True)


def test_a_half_written_checkpoint_is_not_resumed_from(tmp_path):
    (tmp_path / "checkpoint-9").mkdir()
    (tmp_path / "checkpoint-9/trainer_state.json").write_text("{}")
    (tmp_path / "checkpoint-10").mkdir()  # killed before its state was written
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-9")
    assert last_checkpoint(tmp_path / "nothing") is None
