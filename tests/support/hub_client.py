"""Points the real client of the Hub at a stand-in, in this process or in one that is to be started."""

import os
from pathlib import Path

import huggingface_hub
import pytest

from tests.support.hub_server import HubServer


def environment(hub: HubServer, home: Path, token: str | None = None) -> dict[str, str]:
    """The variables that point the client of a new process at the stand-in, with its cache in `home`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "FER_"))}
    chosen = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    return inherited | chosen | ({"HF_TOKEN": token} if token else {})


def point_client_at(hub: HubServer, home: Path, monkeypatch: pytest.MonkeyPatch, token: str | None = None) -> None:
    """Point the client of this very process at the stand-in. It reads its variables once, when it is imported, so what
    it read is replaced."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "FER_HUB_ORG"):
        monkeypatch.delenv(name, raising=False)
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    settings = {
        "ENDPOINT": hub.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_XET": True,  # large files then go by LFS
    }
    for name, value in settings.items():
        monkeypatch.setattr(huggingface_hub.constants, name, value)
    huggingface_hub.close_session()
