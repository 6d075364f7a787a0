"""The models that the Space runs, when the Hub has some of them, or is down."""

import pytest

from fer_models.analyzer import CHECKPOINTS, CheckpointError
from space.open_models import notice_html, open_models
from tests.support.hub_client import point_client_at
from tests.support.hub_server import HubServer

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


def test_the_page_names_what_is_missing_without_a_path_of_the_server():
    assert notice_html([]) == ""
    page = notice_html(["pattlite-rafdb", "<b>"])
    assert "Not available at the moment: pattlite-rafdb, &lt;b&gt;." in page
