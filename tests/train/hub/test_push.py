"""Pushing to the Hub, with the real client on a stand-in: one commit or none, whatever happens in between."""

import argparse
import json
import random
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import huggingface_hub.utils._http as client_http
import pytest

import fer_models
from fer_models import hub as names
from fer_models.hub import CheckpointError, checkpoint_folder
from fer_models.paths import ROOT
from tests.support.hub_client import environment, point_client_at
from tests.support.hub_repos import User
from tests.support.hub_server import HubServer
from tests.support.tiny import tiny_checkpoint
from train import train_hub
from train.hub import push
from train.hub.folder import write_network
from train.hub.push import PushError

CARD = "---\nlicense: mit\n---\n# A model\n"
SENT = ["README.md", "config.json", "model.safetensors", "preprocessor_config.json", "results/large.bin"]
NEW = [".gitattributes"]  # all that a repo holds that was just made
SLACK = 10.0  # seconds, for a busy machine


CONFIG = '{"model_type": "pattlite"}'


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub with a member who may write to `org`, whose token the client has. Pauses between attempts are skipped and
    noted in `pauses`."""
    with HubServer() as server:
        server.users = {
            "writer's": User("writer", {"org": "write", "club": "read"}),
            "reader's": User("reader", {"org": "read"}, role="read"),
            "stranger's": User("stranger"),
        }
        point_client_at(server, tmp_path / "home", monkeypatch, token="writer's")
        monkeypatch.setattr(names, "REVISIONS", tmp_path / "revisions.json")
        server.pauses = []
        monkeypatch.setattr(client_http, "time", types.SimpleNamespace(sleep=server.pauses.append))
        yield server


@pytest.fixture
def folder(tmp_path):
    """A checkpoint folder as far as pushing is concerned, with a file of 11 MB and some that nobody wants."""
    folder = tmp_path / "model-x"
    for place in ("results", "__pycache__", ".cache"):
        (folder / place).mkdir(parents=True)
    (folder / "README.md").write_text(CARD)
    (folder / "config.json").write_text(CONFIG)
    (folder / "preprocessor_config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(random.Random(0).randbytes(300_000))
    (folder / "results/large.bin").write_bytes(random.Random(1).randbytes(11_000_000))
    for unwanted in ("__pycache__/x.pyc", ".cache/x", ".DS_Store"):
        (folder / unwanted).write_text("unwanted")
    return folder


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    push.add_push_arguments(parser)
    return parser.parse_args(arguments)


def there(hub: HubServer, repo: str = "org/model-x", revision: str = "main") -> list[str] | None:
    """The files that a repo shows, if it is there at all."""
    return sorted(hub.repos[f"model/{repo}"].files(revision)) if f"model/{repo}" in hub.repos else None


def same_files(left: Path, right: Path) -> bool:
    return all((left / file).read_bytes() == (right / file).read_bytes() for file in names.FILES)


def test_a_folder_arrives_in_one_commit_large_files_by_lfs_and_can_be_loaded_by_its_name(hub, folder):
    pushed = push.push_folder(folder, "org")
    repo = hub.repos["model/org/model-x"]
    assert there(hub) == [*NEW, *SENT]
    assert repo.messages == ["initial commit", "model-x: weights, code, card and results"]
    assert pushed.changed and pushed.commit == repo.branches["main"] and not repo.private
    assert {name for name, blob in repo.files().items() if blob.lfs} == {"model.safetensors", "results/large.bin"}
    assert all(repo.files()[name].data == (folder / name).read_bytes() for name in SENT)
    assert same_files(checkpoint_folder("org/model-x"), folder)


def test_what_is_there_already_is_not_sent_again(hub, folder, capsys):
    first = push.push_folder(folder, "org")
    again = push.push_folder(folder, "org")
    assert not again.changed and again.commit == first.commit
    assert "org/model-x has all this already" in capsys.readouterr().out
    (folder / "README.md").write_text(CARD + "More.\n")
    push.push_folder(folder, "org")
    assert len(hub.repos["model/org/model-x"].messages) == 3 and hub.count("PUT") == 2


def test_files_that_somebody_added_on_the_hub_stay_and_are_named(hub, folder, capsys):
    push.push_folder(folder, "org")
    (folder / "results/large.bin").unlink()
    (folder / "config.json").write_text('{"new": 1}')
    assert push.push_folder(folder, "org").others == ["results/large.bin"]
    assert "also there, left as they are: results/large.bin" in capsys.readouterr().out
    assert there(hub) == [*NEW, *SENT]


@pytest.mark.parametrize(
    "where, fault, words, before",
    [
        ("/validate-yaml", "hang", "does not answer", None),
        ("/repos/create", "refused", "cannot be reached", None),
        ("/repos/create", "hang", "does not answer", None),
        ("/repos/create", "html", "what answers is not the Hub", None),
        ("/repos/create", 401, "refuses your token", None),
        ("/repos/create", 403, "does not let your token do that", None),
        ("/repos/create", 429, "was asked too often (HTTP 429)", None),
        ("GET /api/models/org/model-x$", "hang", "does not answer", NEW),
        ("/preupload/", 404, "has no repo org/model-x", NEW),
        ("/preupload/", 500, "has a fault of its own (HTTP 500)", NEW),
        ("/preupload/", "cut", "cannot be reached, or broke off", NEW),
        ("/objects/batch", 503, "has a fault of its own (HTTP 503)", NEW),
        ("PUT /lfs", "reset", "cannot be reached, or broke off", NEW),
        ("PUT /lfs", "hang", "does not answer", NEW),
        ("PUT /lfs", 429, "was asked too often", NEW),
        ("/verify", 500, "has a fault of its own (HTTP 500)", NEW),
        ("/commit/", 500, "has a fault of its own (HTTP 500)", NEW),
        ("/commit/", "reset", "cannot be reached, or broke off", NEW),
        ("/commit/", "hang", "does not answer", NEW),
        ("/commit/", "cut", "cannot be reached, or broke off", [*NEW, *SENT]),
        ("/tree/", "hang", "does not answer", [*NEW, *SENT]),
        ("/tree/", 500, "has a fault of its own (HTTP 500)", [*NEW, *SENT]),
    ],
)
def test_a_push_that_dies_is_one_sentence_leaves_no_half_repo_and_finishes_when_run_again(
    hub, folder, monkeypatch, where, fault, words, before
):
    if fault == "hang":
        monkeypatch.setattr(push, "REQUEST_SECONDS", 1.5)
    hub.stop() if fault == "refused" else hub.fail(where, fault)
    start = time.monotonic()
    with pytest.raises(PushError) as caught:
        push.push_folder(folder, "org")
    seconds = time.monotonic() - start
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert "pushing again sends what is missing" in str(caught.value)
    assert there(hub) == before
    if before is NEW and "GET" not in where:
        assert "nothing arrived, the repo is as it was, at commit " in str(caught.value)
    elif before is None and fault != "refused":
        assert "the Hub has no such repo" in str(caught.value)
    attempts = 6 if fault == "hang" else 0  # of the client, at most; the other faults are answers
    assert seconds < attempts * push.REQUEST_SECONDS + SLACK
    if fault != 429:  # the Hub itself says how long to wait then
        assert sum(hub.pauses) <= 2 * 23  # two files at a time
    if fault == "refused":
        return
    hub.heal()
    push.push_folder(folder, "org")
    assert there(hub) == [*NEW, *SENT]
    assert len(hub.repos["model/org/model-x"].messages) == 2


def test_large_files_that_arrived_before_a_push_died_are_not_sent_twice(hub, folder):
    hub.fail("/commit/", 500)
    with pytest.raises(PushError):
        push.push_folder(folder, "org")
    hub.heal()
    push.push_folder(folder, "org")
    assert hub.count("PUT") == 2


KILLED = """
import sys
from pathlib import Path
from train.hub.push import files_to_send, push_files
push_files(files_to_send(Path(sys.argv[1])), "org/model-x", "killed")
"""


def test_a_push_that_is_killed_in_the_middle_of_a_file_leaves_nothing_and_the_next_one_finishes(hub, folder, tmp_path):
    hub.fail("PUT /lfs", "hang")
    variables = environment(hub, tmp_path / "other", token="writer's")
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], cwd=ROOT, env=variables)
    deadline = time.monotonic() + 200
    while not hub.count("PUT /lfs"):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert there(hub) == NEW
    hub.heal()
    push.push_folder(folder, "org")
    assert there(hub) == [*NEW, *SENT]


def test_a_byte_that_changed_on_the_way_is_found_and_the_next_push_repairs_it(hub, folder):
    hub.fail("/commit/", "flip")
    with pytest.raises(PushError, match=r"has another README\.md in commit \w{8} than was sent; push again"):
        push.push_folder(folder, "org")
    hub.heal()
    push.push_folder(folder, "org")
    assert hub.repos["model/org/model-x"].files()["README.md"].data == CARD.encode()


def test_a_card_that_the_hub_would_refuse_stops_the_push_before_anything_is_made(hub, folder):
    (folder / "README.md").write_text("---\nlicense: [mit\n---\n")
    with pytest.raises(PushError, match=r"the metadata of .*README\.md is not valid, nothing was sent"):
        push.push_folder(folder, "org")
    assert hub.repos == {} and hub.count("PUT") == 0


def test_a_pull_request_leaves_main_alone_and_needs_no_rights(hub, folder, monkeypatch):
    push.push_folder(folder, "org")
    (folder / "config.json").write_text('{"better": true}')
    monkeypatch.setenv("HF_TOKEN", "stranger's")
    with pytest.raises(PushError, match="may not write to org"):
        push.account("org")
    assert push.account("org", create_pr=True) == "org"
    pushed = push.push_folder(folder, "org", create_pr=True)
    repo = hub.repos["model/org/model-x"]
    assert pushed.url == f"{hub.url}/org/model-x/discussions/1"
    assert repo.files("main")["config.json"].data == CONFIG.encode()
    assert repo.files("refs/pr/1")["config.json"].data == b'{"better": true}'


def test_a_space_is_pushed_in_the_same_way(hub, folder):
    files = push.files_to_send(folder)
    pushed = push.push_files(files, "org/demo", "The Space", kind="space", space_sdk="gradio")
    repo = hub.repos["space/org/demo"]
    assert sorted(repo.files()) == [*NEW, *SENT] and repo.branches["main"] == pushed.commit
    assert there(hub, "org/demo") is None


def test_a_revision_is_a_branch_of_its_own(hub, folder):
    for content in (CONFIG, CONFIG.replace("}", ', "changed": 1}')):
        (folder / "config.json").write_text(content)
        push.push_folder(folder, "org", revision="trial")
        assert hub.repos["model/org/model-x"].files("trial")["config.json"].data == content.encode()
    assert there(hub, revision="main") == NEW
    assert same_files(checkpoint_folder("org/model-x@trial"), folder)


def test_a_private_repo_is_not_shown_to_others_and_a_public_one_is_not_taken_for_private(hub, folder, monkeypatch):
    push.push_folder(folder, "org", private=True)
    assert hub.repos["model/org/model-x"].private
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(CheckpointError, match="it is private and you are not logged in"):
        checkpoint_folder("org/model-x")
    monkeypatch.setenv("HF_TOKEN", "writer's")
    hub.repos["model/org/model-x"].private = False
    (folder / "config.json").write_text('{"secret": 1}')
    with pytest.raises(PushError, match="org/model-x is public; make it private in its settings first"):
        push.push_folder(folder, "org", private=True)
    assert hub.repos["model/org/model-x"].files()["config.json"].data == CONFIG.encode()


def test_a_pinned_push_is_what_its_name_loads_from_then_on(hub, folder):
    names.REVISIONS.write_text('{"other/one": "abc"}')
    first = push.push_folder(folder, "org", pinned=True)
    assert json.loads(names.REVISIONS.read_text()) == {"org/model-x": first.commit, "other/one": "abc"}
    (folder / "config.json").write_text('{"newer": 1}')
    push.push_folder(folder, "org")
    assert checkpoint_folder("org/model-x").name == first.commit


@pytest.mark.parametrize(
    "token, org, words",
    [
        (None, None, "you are not logged in to the Hub: make a token that may write at"),
        ("nobody's", None, "refuses your token"),
        ("reader's", None, "your token may only read"),
        ("writer's", "club", "writer may not write to club; --org can be: org, writer"),
        ("writer's", "elsewhere", "writer may not write to elsewhere"),
    ],
)
def test_who_may_not_push_is_told_how_to(hub, monkeypatch, token, org, words):
    monkeypatch.setenv("HF_TOKEN", token) if token else monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(PushError, match=words):
        push.account(org)


def test_the_account_is_the_one_named_or_that_of_the_names_or_ones_own(hub, monkeypatch):
    assert push.account(None) == "writer" and push.account("org") == "org"
    monkeypatch.setenv("FER_HUB_ORG", "org")
    assert push.account(None) == "org"


@pytest.mark.parametrize("fault, words", [("hang", "does not answer"), (500, "HTTP 500"), ("html", "is not the Hub")])
def test_a_hub_that_is_down_is_said_before_the_training(hub, monkeypatch, fault, words):
    monkeypatch.setattr(push, "REQUEST_SECONDS", 1.0)
    hub.fail("whoami", fault)
    start = time.monotonic()
    with pytest.raises(PushError, match=words):
        push.account(None)
    assert time.monotonic() - start < push.REQUEST_SECONDS + SLACK


def test_options_that_contradict_each_other_are_refused():
    for wrong in (["--create-pr", "--revision", "x"], ["--pin", "--create-pr"], ["--pin", "--revision", "x"]):
        with pytest.raises(PushError, match="leave out"):
            push.check_push_arguments(options(*wrong))
    push.check_push_arguments(options("--push", "--pin", "--private"))


def test_a_dry_run_lists_every_file_with_its_size_and_asks_nobody(hub, folder, capsys):
    train_hub.main(["--push-only", str(folder), "--org", "org", "--dry-run"])
    first, *lines, last = capsys.readouterr().out.splitlines()
    assert first == "to org/model-x, as one commit:"
    assert [line.split() for line in lines] == [[f"{(folder / name).stat().st_size:,}", name] for name in SENT]
    assert last.split()[0] == f"{sum((folder / name).stat().st_size for name in SENT):,}"
    assert hub.requests == []


@pytest.mark.parametrize("absent", push.NEEDED)
def test_an_incomplete_folder_is_not_pushed(hub, folder, absent):
    (folder / absent).unlink()
    with pytest.raises(SystemExit, match=f"error: .*has no {absent}; train it first"):
        train_hub.main(["--push-only", str(folder), "--dry-run"])


def test_with_nothing_but_push_it_takes_the_default_recipe_and_says_how_to_log_in_and_which_data_it_needs(
    hub, capsys, monkeypatch
):
    with pytest.raises(SystemExit, match="--data is missing: pattlite-ferplus-imagenet trains on ferplus_parquet"):
        train_hub.main(["--push"])
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(SystemExit, match="error: you are not logged in to the Hub"):
        train_hub.main(["--push"])
    assert capsys.readouterr().out == 2 * "no --config: the default recipe, pattlite-ferplus-imagenet\n"


def test_a_finished_folder_is_loaded_alone_then_pushed_and_answers_the_same_from_the_hub(hub, tmp_path, portrait):
    folder = tiny_checkpoint(tmp_path / "tiny")
    checkpoint = fer_models.load(folder)
    folder = tmp_path / "trained/tiny"
    write_network(folder, checkpoint.model, checkpoint.processor)
    (folder / "README.md").write_text(CARD)
    train_hub.main(["--push-only", str(folder), "--org", "org"])
    (here,) = fer_models.load(folder).predict([portrait], method=None)
    (from_hub,) = fer_models.load("org/tiny").predict([portrait], method=None)
    assert from_hub.probabilities == here.probabilities
    assert not list(folder.glob("*.py")) and "modeling_pattlite.py" in hub.repos["model/org/tiny"].files()
    config = json.loads((folder / "config.json").read_text())
    del config["auto_map"]["AutoModel"]
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "README.md").write_text(CARD + "Changed.\n")
    with pytest.raises(SystemExit, match="lacks the code of AutoModel"):
        train_hub.main(["--push-only", str(folder), "--org", "org"])
    assert hub.repos["model/org/tiny"].files()["README.md"].data == CARD.encode()
