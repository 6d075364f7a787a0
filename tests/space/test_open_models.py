"""The models that the Space runs, when the Hub has some of them, or is down."""

import json
import re
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from fer_models.analyzer import CHECKPOINTS, CheckpointError
from fer_models.whole_weights import write_manifest
from space.open_models import notice_html, open_models
from tests.support.hub_client import point_client_at
from tests.support.hub_server import HubServer
from tests.support.tiny import tiny_checkpoint

SHIPPED = "pattlite-ferplus"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub that has `org/copy`, the shipped checkpoint under another name."""
    with HubServer() as server:
        point_client_at(server, tmp_path / "home", monkeypatch)
        monkeypatch.setenv("FER_HUB_ORG", "org")
        server.add("org/copy", CHECKPOINTS / SHIPPED)
        yield server


def test_models_come_from_the_hub_and_those_that_cannot_be_had_are_named(hub, capsys):
    analyzer, missing = open_models(["copy", SHIPPED, "absent"], CHECKPOINTS)
    assert list(analyzer.checkpoints) == ["copy", SHIPPED] and missing == ["absent"]
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert line.startswith("warning: absent is not in") and "has no repo org/absent" in line


def test_with_the_hub_down_it_runs_on_the_folder_of_checkpoints(hub, tmp_path):
    hub.stop()
    analyzer, missing = open_models(["copy"], CHECKPOINTS)
    assert SHIPPED in analyzer.checkpoints and missing == ["copy"]
    with pytest.raises(CheckpointError, match="no checkpoint in"):
        open_models(["copy"], tmp_path / "empty")


def damage_weights(folder: Path) -> None:
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-5] ^= 1
    (folder / "model.safetensors").write_bytes(content)


def no_numbers(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["classifier.classifier.bias"][0] = float("nan")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    write_manifest(folder)


def negative_temperature(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"softmax_temperature": -1.0}))


def no_size(folder: Path) -> None:
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps(settings | {"size": {}}))


@pytest.mark.parametrize(
    "damage, words",
    [
        (damage_weights, "the weights in .* are damaged: their checksum is not that of manifest.json"),
        (no_numbers, r"has weights that are no numbers \(classifier\.classifier\.bias\)"),
        (negative_temperature, "cannot be read"),
        (no_size, "cannot be read|does not say"),
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
    ],
    ids=["a flipped bit", "NaN", "temperature", "size", "no config"],
)
def test_one_damaged_checkpoint_does_not_stop_the_others(tmp_path, capsys, damage, words):
    for name in ("good", "damaged"):
        shutil.copytree(CHECKPOINTS / SHIPPED, tmp_path / name)
    damage(tmp_path / "damaged")
    analyzer, missing = open_models([], tmp_path)
    assert list(analyzer.checkpoints) == ["good"] and missing == ["damaged"]
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert "damaged" in line and re.search(words, line)
    shutil.rmtree(tmp_path / "good")
    with pytest.raises(CheckpointError, match=words):
        open_models([], tmp_path)


def test_a_folder_without_a_manifest_loads_as_before(tmp_path):
    folder = shutil.copytree(CHECKPOINTS / SHIPPED, tmp_path / "earlier")
    (folder / "manifest.json").unlink()
    assert list(open_models([folder], tmp_path)[0].checkpoints) == ["earlier"]


def test_the_page_names_what_is_missing_without_a_path_of_the_server():
    assert notice_html([]) == ""
    page = notice_html(["pattlite-rafdb", "<b>"])
    assert "Not available at the moment: pattlite-rafdb, &lt;b&gt;." in page


@pytest.mark.slow
def test_models_answer_with_the_engine_that_is_asked_for(tmp_path, monkeypatch, portrait):
    monkeypatch.setenv("FER_MODELS_CACHE", str(tmp_path / "cache"))
    folder = tiny_checkpoint(tmp_path / "checkpoints/tiny")
    by_engine = {engine: open_models([folder], tmp_path, engine=engine)[0] for engine in ("torch", "onnx", "auto")}
    kinds = {engine: type(analyzer.checkpoints["tiny"]).__name__ for engine, analyzer in by_engine.items()}
    assert kinds == {"torch": "Checkpoint", "onnx": "FastCheckpoint", "auto": "FastCheckpoint"}
    torchs, ours = (by_engine[engine].analyze(portrait, method="eigencam") for engine in ("torch", "onnx"))
    assert ours.predictions[0]["tiny"].maps[0].name == torchs.predictions[0]["tiny"].maps[0].name
    assert [face.box for face in ours.faces] == [face.box for face in torchs.faces]
