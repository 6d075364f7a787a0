"""The Dockerfile, where no image can be built: its steps' commands in a fresh folder that cannot be written."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time

import pytest

from fer_models.paths import ROOT


def steps() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments, in order."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_it_runs_as_a_user_without_rights_and_installs_what_the_lock_says():
    said = steps()
    (user,) = [arguments for kind, arguments in said if kind == "USER"]
    assert user == "space" and [kind for kind, _ in said].index("USER") > [kind for kind, _ in said].index("RUN")
    installs = [arguments for kind, arguments in said if kind == "RUN" and "pip install" in arguments]
    assert len(installs) == 1 and "--require-hashes -r requirements.lock" in installs[0]


def test_what_it_copies_is_there_and_enough_to_answer_from_a_folder_that_cannot_be_written(tmp_path):
    app, visitors = tmp_path / "app", tmp_path / "tmp"
    visitors.mkdir()
    app.mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for kind, arguments in steps():
        if kind == "COPY":
            *sources, target = arguments.split()
            for source in sources:
                if source == "requirements.lock":  # what it installs is the test's own environment here
                    continue
                place = app / target if target != "./" else app / source
                copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
                copy(ROOT / source, place)
        if kind == "ENV":
            environment |= dict(one.split("=", 1) for one in shlex.split(arguments))
    port = free_port()
    own = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port)}
    for name, value in environment.items():
        if value.startswith("/tmp/"):
            own[name] = value.replace("/tmp", str(visitors))
    before = sorted(app.rglob("*"))
    for path in before:
        path.chmod(0o555 if path.is_dir() else 0o444)
    (command,) = [json.loads(arguments) for kind, arguments in steps() if kind == "CMD"]
    (check,) = [arguments for kind, arguments in steps() if kind == "HEALTHCHECK"]
    probe = json.loads(check[check.index("CMD ") + 4 :])
    process = subprocess.Popen([sys.executable, *command[1:]], cwd=app, env=environment | own)
    try:
        deadline = time.monotonic() + 200
        healthy = [sys.executable, *probe[1:2], re.sub(":7860", f":{port}", probe[2])]
        while subprocess.run(healthy, capture_output=True).returncode:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(1)
    finally:
        process.terminate()
        process.wait(30)
    assert sorted(app.rglob("*")) == before
    assert [path for path in visitors.rglob("*") if path.suffix == ".visitors"] == []


@pytest.mark.parametrize("line", (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()[1:])
def test_the_lock_holds_every_pin_with_hashes_and_no_address(line):
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    name, version = line.partition("[")[0].partition("==")[0], line.partition("==")[2]
    hashes = r"(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+"
    pinned = rf"^{re.escape(name)}(\[\w+\])?=={re.escape(version)} \\\n{hashes}"
    assert re.search(pinned, lock, re.MULTILINE), f"run `make lock`: it has no {line}"
    assert "://" not in lock
