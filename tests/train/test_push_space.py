"""The Space as it is sent: these files and no others, and they start with nothing installed but the pinned packages."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from fer_models import paths
from fer_models.paths import ROOT
from tests.support.hub_client import point_client_at
from tests.support.hub_repos import User
from tests.support.hub_server import HubServer
from tests.support.packages import clean_environment, installed_with
from train import push_space
from train.hub.push import PushError


def requirements() -> list[Requirement]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.fixture
def space(tmp_path) -> Path:
    """Just what is sent, in an empty folder."""
    for name, file in push_space.space_files().items():
        (tmp_path / "space" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, tmp_path / "space" / name)
    return tmp_path / "space"


def test_what_is_sent_starts_with_the_pinned_packages_alone_and_answers(space, tmp_path):
    packages, log = clean_environment(tmp_path / "packages", requirements()), tmp_path / "log.txt"
    start = f"import sys, runpy; sys.path[:0] = ['.', {str(packages)!r}]; sys.argv = ['app.py']; "
    start += "runpy.run_path('app.py', run_name='__main__')"
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "OMP_NUM_THREADS") if name in os.environ}
    environment |= {"HOME": str(tmp_path), "GRADIO_TEMP_DIR": str(tmp_path / "uploads")}
    with log.open("w") as out:  # -I: no folder of ours, no settings; -S: no packages but those on the path given
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-u", "-c", start], cwd=space, env=environment, stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + 600
        while not (address := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
            assert process.poll() is None, f"the Space stopped:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"the Space did not start:\n{log.read_text()}"
            time.sleep(0.2)
        with urllib.request.urlopen(address.group(), timeout=60) as answer:
            assert answer.status == 200 and "Which expression, and where did the models look?" in answer.read().decode()
    finally:
        process.terminate()
        process.wait(30)


def test_packages_of_training_and_testing_are_not_in_that_environment():
    names = installed_with(requirements())
    assert {"torch", "gradio", "timm", "mcp"} <= set(names)
    assert not {"datasets", "accelerate", "pytest", "onnx", "fer-models"} & set(names)


def test_every_version_is_pinned_to_the_one_that_is_tested_here():
    for requirement in requirements():
        (pin,) = requirement.specifier
        installed = importlib.metadata.version(requirement.name).partition("+")[0]
        assert (pin.operator, pin.version) == ("==", installed), requirement.name


def test_the_settings_of_the_space_agree_with_the_pins():
    settings = yaml.safe_load((ROOT / "README.md").read_text().split("---")[1])
    (gradio,) = (one for one in requirements() if one.name == "gradio")
    assert f"=={settings['sdk_version']}" == str(gradio.specifier)
    assert (ROOT / settings["app_file"]).is_file()
    assert len(settings["short_description"]) <= 60  # more is refused


def test_tests_training_and_caches_stay_behind():
    names = set(push_space.space_files())
    assert {"app.py", "README.md", "requirements.txt", "fer_models/analyzer.py"} <= names
    assert "checkpoints/pattlite-ferplus/model.safetensors" in names
    assert {name.partition("/")[0] for name in names} == set(push_space.PARTS)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".pyi", ".parquet"))]
    assert not [name for name in names if name.startswith("examples/") and name.endswith(".py")]


def test_every_folder_that_the_app_reads_beside_its_code_is_sent():
    sent = {name: file for name, file in push_space.space_files().items() if name.endswith(".py")}
    del sent["fer_models/paths.py"]  # it also names what only training reads
    sources = [file.read_text() for file in sent.values()]
    folders = {name for text in sources for name in re.findall(r'(?:ROOT|parent) / "(\w+)"', text)}
    asked = {
        name
        for text in sources
        for line in re.findall(r"fer_models\.paths import (.+)", text)
        for name in line.split(", ")
    }
    folders |= {getattr(paths, name).name for name in asked - {"ROOT", "IN_REPOSITORY"}}
    assert {"checkpoints", "examples", "results"} <= folders <= set(push_space.PARTS)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    with HubServer() as server:
        server.users = {"mine": User("me")}
        point_client_at(server, tmp_path / "home", monkeypatch, token="mine")
        yield server


def test_the_space_arrives_as_one_commit_and_a_second_push_changes_nothing(hub, capsys):
    push_space.main(["me/faces"])
    repo = hub.repos["space/me/faces"]
    files = push_space.space_files()
    assert set(repo.files()) == {*files, ".gitattributes"}
    assert all(repo.files()[name].data == file.read_bytes() for name, file in files.items())
    commits = len(repo.commits)
    push_space.main(["me/faces"])
    assert "has all this already" in capsys.readouterr().out and len(repo.commits) == commits


def test_a_dry_run_lists_the_files_and_asks_nobody(hub, capsys):
    push_space.main(["me/faces", "--dry-run"])
    listed = capsys.readouterr().out
    assert all(f"  {name}\n" in listed for name in push_space.space_files())
    assert hub.requests == []


def test_who_may_not_write_there_reads_so_and_a_wrong_name_is_refused(hub, capsys):
    with pytest.raises(SystemExit, match="me may not write to others"):
        push_space.main(["others/faces"])
    with pytest.raises(SystemExit):
        push_space.main(["faces"])
    assert "expected NAME/SPACE, found 'faces'" in capsys.readouterr().err
    assert not hub.repos


def test_a_missing_part_is_named(tmp_path):
    (tmp_path / "README.md").write_text("")
    with pytest.raises(PushError, match=r"the Space needs .*LICENSE, which is not there"):
        push_space.space_files(tmp_path)
