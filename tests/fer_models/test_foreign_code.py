"""Loading a checkpoint runs no code but ours: not what lies beside the weights, nor what the Hub would send."""

import json
import shutil

import pytest

import fer_models
from fer_models import hub as names
from fer_models.analyzer import CHECKPOINTS, Analyzer
from fer_models.checkpoint import load_network
from fer_models.hub import FILES, OPTIONAL, CheckpointError, checkpoint_folder
from tests.support.hub_client import point_client_at
from tests.support.hub_server import HubServer
from train.measure.scoring import load_checkpoint

SHIPPED = CHECKPOINTS / "pattlite-ferplus"
MARKER = "marker-of-foreign-code.txt"


@pytest.fixture
def foreign(tmp_path):
    """Makes a checkpoint whose every file of code would leave a marker, of the given architecture."""

    def make(architecture: str):
        folder = shutil.copytree(SHIPPED, tmp_path / architecture)
        for code in folder.glob("*.py"):
            leave = f"from pathlib import Path\nPath({str(tmp_path / MARKER)!r}).touch()\n"
            code.write_text(leave + code.read_text())
        config = json.loads((folder / "config.json").read_text())
        assert {"AutoConfig", "AutoModelForImageClassification"} <= set(config["auto_map"])  # asks for its code
        (folder / "config.json").write_text(json.dumps(config | {"model_type": architecture}))
        return folder

    return make


def ways(folder) -> dict:
    """Every way in which the library loads a checkpoint."""
    return {
        "load": lambda: fer_models.load(folder),
        "Analyzer": lambda: Analyzer([folder]),
        "load_network": lambda: load_network(str(folder)),
        "measuring": lambda: load_checkpoint(str(folder)),
    }


@pytest.mark.parametrize("way", ["load", "Analyzer", "load_network", "measuring"])
def test_code_beside_the_weights_is_not_run(foreign, tmp_path, way):
    folder = foreign("pattlite")
    assert ways(folder)[way]() is not None
    assert not (tmp_path / MARKER).exists()


@pytest.mark.parametrize("way", ["load", "Analyzer", "load_network", "measuring"])
@pytest.mark.parametrize("architecture", ["somebody-elses", "vit", "auto"])
def test_another_architecture_is_refused_whether_the_library_below_knows_it_or_not(
    foreign, tmp_path, way, architecture, monkeypatch
):
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked"))
    with pytest.raises(CheckpointError, match=f"{architecture}.*loads no code but its own; choose one of pattlite"):
        ways(foreign(architecture))[way]()
    assert not (tmp_path / MARKER).exists()


@pytest.mark.parametrize("config", ["[]", "{}", "not json", "null"])
def test_a_config_that_names_no_architecture_is_refused_in_a_sentence(foreign, config):
    folder = foreign("pattlite")
    (folder / "config.json").write_text(config)
    with pytest.raises(CheckpointError, match="names no architecture; fetch it again"):
        load_network(folder)


def test_weights_that_would_be_unpickled_are_not_read(foreign):
    folder = foreign("pattlite")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError):
        load_network(folder)


def test_of_a_foreign_repo_nothing_but_its_config_is_fetched(foreign, tmp_path, monkeypatch):
    with HubServer() as server:
        point_client_at(server, tmp_path / "home", monkeypatch)
        monkeypatch.setattr(names, "REVISIONS", tmp_path / "revisions.json")
        server.add("org/foreign", foreign("somebody-elses"))
        server.add("org/ours", foreign("pattlite"))
        with pytest.raises(CheckpointError, match="'somebody-elses', and this library loads no code but its own"):
            fer_models.load("org/foreign")
        fetched = {name for name in server.requests if "/resolve/" in name}
        assert fetched and all(name.endswith("/config.json") for name in fetched)
        assert server.lfs_bytes_sent == 0
        assert {file.name for file in checkpoint_folder("org/ours").iterdir()} == {*FILES, *OPTIONAL}
        fer_models.load("org/ours")
    assert not (tmp_path / MARKER).exists()
