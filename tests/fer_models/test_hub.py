"""Names of checkpoints, with the real client on a stand-in Hub: where they are looked for, and what a user reads when
something is wrong."""

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from huggingface_hub import constants

import fer_models
from fer_models import hub as names
from fer_models.hub import CheckpointError, available, checkpoint_folder, checkpoint_name
from fer_models.paths import ROOT
from tests.support.hub_client import environment, point_client_at
from tests.support.hub_repos import Blob, User
from tests.support.hub_server import HubServer

SHIPPED = "pattlite-ferplus"
AT_ONCE = 2.0  # seconds; these answers take some hundredths


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub with `org/cached`, which is in the client's cache already, and `org/wanted`, which is not; and the account
    `org` as the one whose names need no prefix."""
    with HubServer() as server:
        point_client_at(server, tmp_path / "home", monkeypatch)
        monkeypatch.setenv("FER_HUB_ORG", "org")
        monkeypatch.setattr(names, "REVISIONS", tmp_path / "revisions.json")
        server.add("org/cached", made_up(tmp_path / "cached", 1))
        server.add("org/wanted", made_up(tmp_path / "wanted", 2))
        checkpoint_folder("cached")
        server.requests.clear()
        server.lfs_bytes_sent = 0
        yield server


def made_up(folder: Path, seed: int, size: int = 300_000) -> Path:
    """The files of a checkpoint, as far as names are concerned."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "pattlite", "seed": seed}))
    (folder / "preprocessor_config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(random.Random(seed).randbytes(size))
    return folder


def same_files(left: Path, right: Path) -> bool:
    return all((left / file).read_bytes() == (right / file).read_bytes() for file in names.FILES)


def refusal(source: str) -> tuple[str, float]:
    """What the user reads, in one line, and after how many seconds."""
    start = time.monotonic()
    with pytest.raises(CheckpointError) as caught:
        checkpoint_folder(source)
    seconds = time.monotonic() - start
    assert "\n" not in str(caught.value)
    return str(caught.value), seconds


def test_a_name_is_looked_for_in_checkpoints_then_in_the_cache_then_on_the_hub(hub, tmp_path):
    hub.add(f"org/{SHIPPED}", tmp_path / "wanted")
    assert checkpoint_folder(SHIPPED) == names.CHECKPOINTS / SHIPPED
    assert same_files(checkpoint_folder("cached"), tmp_path / "cached")
    assert hub.requests == []
    assert same_files(checkpoint_folder("wanted"), tmp_path / "wanted")
    assert hub.count("GET .*/org/wanted") > 0
    asked = len(hub.requests)
    assert same_files(checkpoint_folder("wanted"), tmp_path / "wanted")
    assert len(hub.requests) == asked


def test_average_maps_come_along_from_a_repo_that_has_them(hub, tmp_path):
    folder = made_up(tmp_path / "mapped", 4)
    (folder / "average_maps.npz").write_bytes(random.Random(0).randbytes(9_000))
    hub.add("org/mapped", folder)
    fetched = checkpoint_folder("mapped")
    assert (fetched / "average_maps.npz").read_bytes() == (folder / "average_maps.npz").read_bytes()
    assert not (checkpoint_folder("wanted") / "average_maps.npz").exists()


def test_a_folder_is_taken_as_it_is(hub, tmp_path, monkeypatch):
    for source in (tmp_path / "cached", str(tmp_path / "cached"), tmp_path / "missing", str(tmp_path / "missing")):
        assert checkpoint_folder(source) == Path(source)
    monkeypatch.chdir(tmp_path)
    assert checkpoint_folder("./cached") == checkpoint_folder("cached") == Path("cached")
    assert hub.requests == []


def test_a_name_is_the_last_part_of_a_path_or_id():
    assert checkpoint_name("org/pattlite-rafdb@main") == checkpoint_name("pattlite-rafdb") == "pattlite-rafdb"
    assert checkpoint_name(Path("a/b@2")) == "b@2"


@pytest.mark.parametrize(
    "fault, limit, words",
    [
        ("refused", AT_ONCE, "cannot be reached"),
        ("reset", AT_ONCE, "cannot be reached, or broke off"),
        ("hang", 5.0, "sent nothing for 4 s"),
        (6.0, 5.0, "sent nothing for 4 s"),
        (401, AT_ONCE, "refuses your token; log in again"),
        (404, AT_ONCE, "has no repo org/wanted, or it is private and you are not logged in (`hf auth login`)"),
        (429, AT_ONCE, "was asked too often (HTTP 429); try again in 300 s"),
        (500, AT_ONCE, "has a fault of its own (HTTP 500); try again later"),
        (503, AT_ONCE, "has a fault of its own (HTTP 503); try again later"),
        ("cut", AT_ONCE, "broke off"),
        ("garbage", AT_ONCE, "what answers is not the Hub"),
        ("html", AT_ONCE, "what answers is not the Hub"),
    ],
)
def test_a_hub_that_is_down_is_one_sentence_within_five_seconds_and_a_cached_copy_still_works(
    hub, tmp_path, fault, limit, words
):
    hub.stop() if fault == "refused" else hub.fail(".*", fault)
    message, seconds = refusal("wanted")
    assert words in message and f"wanted is not in {names.CHECKPOINTS}" in message
    assert seconds < limit
    assert same_files(checkpoint_folder("cached"), tmp_path / "cached")


@pytest.mark.parametrize(
    "where, fault, words",
    [
        ("HEAD", "hang", "sent nothing for 1 s"),
        ("HEAD", 500, "sent nothing for 1 s"),
        ("HEAD", "html", "sent less than it said, or something else"),
        ("GET /lfs", "hang", "sent nothing for 1 s"),
        # the client tries again until our limit or its own, whichever comes first
        ("GET /lfs", "reset", "sent nothing for 1 s|cannot be reached, or broke off"),
        ("GET /lfs", 429, "was asked too often (HTTP 429); try again in 300 s"),
        ("GET /lfs", 500, "has a fault of its own (HTTP 500)"),
        ("GET /lfs", 404, "has no repo"),
        ("GET /lfs", "flip", "model.safetensors arrived damaged (its checksum is not the Hub's); try again"),
        ("GET /lfs", "garbage", "model.safetensors arrived damaged"),
        ("GET .*/resolve/.*/config.json", "flip", "config.json arrived damaged"),
    ],
)
def test_a_hub_that_fails_halfway_is_one_sentence_and_the_next_attempt_succeeds(
    hub, tmp_path, monkeypatch, where, fault, words
):
    monkeypatch.setattr(names, "TRANSFER_SECONDS", 1.0)
    hub.fail(where, fault)
    message, seconds = refusal("wanted")
    assert any(sentence in message for sentence in words.split("|"))
    assert seconds < names.TRANSFER_SECONDS + AT_ONCE
    assert same_files(checkpoint_folder("cached"), tmp_path / "cached")
    hub.heal()
    monkeypatch.setattr(names, "TRANSFER_SECONDS", 15.0)
    assert same_files(checkpoint_folder("wanted"), tmp_path / "wanted")


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(hub, tmp_path):
    size, whole_parts = 24_000_000, constants.DOWNLOAD_CHUNK_SIZE
    hub.add("org/large", made_up(tmp_path / "large", 3, size))
    hub.fail("GET /lfs", "cut", times=1)
    assert same_files(checkpoint_folder("large"), tmp_path / "large")
    assert hub.count("GET /lfs") == 2
    assert hub.lfs_bytes_sent == size // 2 + (size - whole_parts)


def test_a_flipped_byte_in_the_cache_is_found_and_fetched_anew(hub, tmp_path):
    file = checkpoint_folder("cached") / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.resolve().write_bytes(content)
    assert same_files(checkpoint_folder("cached"), tmp_path / "cached")
    assert hub.count("GET /lfs") == 1

    file.resolve().write_bytes(content)
    hub.stop()
    message, seconds = refusal("cached")
    assert "the copy of org/cached in the cache is damaged (model.safetensors)" in message
    assert "cannot be reached" in message and seconds < AT_ONCE


def test_a_copy_that_lacks_a_file_is_completed(hub, tmp_path):
    (checkpoint_folder("cached") / "preprocessor_config.json").unlink()
    assert same_files(checkpoint_folder("cached"), tmp_path / "cached")
    assert hub.count("GET /lfs") == 0


def test_a_pinned_commit_is_loaded_whatever_main_is_and_another_revision_on_request(hub, tmp_path):
    repo = hub.repos["model/org/wanted"]
    first = repo.branches["main"]
    newer = dict(repo.files()) | {"config.json": Blob(b'{"model_type": "hfc"}')}
    second = repo.commit(newer, "main", "another")
    names.REVISIONS.write_text(json.dumps({"org/wanted": first}))
    pinned = checkpoint_folder("wanted")
    assert pinned.name == first and same_files(pinned, tmp_path / "wanted")
    assert checkpoint_folder("wanted@main").name == checkpoint_folder(f"org/wanted@{second}").name == second
    asked = len(hub.requests)
    hub.stop()
    assert checkpoint_folder("org/wanted") == pinned and len(hub.requests) == asked


@pytest.mark.parametrize(
    "source, words",
    [
        ("wanted@nothing", "it has no such revision"),
        ("org/nothing", "has no repo org/nothing"),
        ("a folder/x", "'a folder/x' is neither a folder with a checkpoint nor the name of a Hub repo"),
        ("org/bare", "it is no checkpoint of this library, it has no preprocessor_config.json"),
    ],
)
def test_what_does_not_exist_is_named(hub, tmp_path, source, words):
    bare = made_up(tmp_path / "bare", 3)
    (bare / "preprocessor_config.json").unlink()
    hub.add("org/bare", bare)
    message, seconds = refusal(source)
    assert words in message and seconds < AT_ONCE


def test_without_an_account_a_name_that_is_not_here_says_what_is_and_how_to_ask_the_hub(hub, monkeypatch):
    monkeypatch.delenv("FER_HUB_ORG")
    message, _ = refusal("wanted")
    assert SHIPPED in message and "give ORG/wanted or set FER_HUB_ORG" in message
    assert hub.requests == []


def test_offline_mode_asks_nobody(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    message, _ = refusal("wanted")
    assert "HF_HUB_OFFLINE is set" in message
    assert same_files(checkpoint_folder("cached"), tmp_path / "cached")
    assert hub.requests == []


def test_a_cache_that_cannot_be_written_is_named(hub, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "file"))
    message, _ = refusal("wanted")
    assert f"{tmp_path / 'file'}" in message and "cannot be written" in message


def test_a_private_repo_needs_a_token_that_may_see_it(hub, tmp_path, monkeypatch):
    hub.users = {"member's": User("member", {"org": "read"}), "stranger's": User("stranger")}
    hub.add("org/secret", tmp_path / "wanted", private=True)
    assert "it is private and you are not logged in (`hf auth login`)" in refusal("secret")[0]
    monkeypatch.setenv("HF_TOKEN", "stranger's")
    assert "it is private and your token may not see it" in refusal("secret")[0]
    monkeypatch.setenv("HF_TOKEN", "nobody's")
    assert "refuses your token" in refusal("secret")[0]
    monkeypatch.setenv("HF_TOKEN", "member's")
    assert same_files(checkpoint_folder("secret"), tmp_path / "wanted")


def test_names_that_cannot_be_had_are_told_beside_those_that_can_and_wait_together(hub):
    hub.fail(".*", "hang")
    start = time.monotonic()
    usable, faults = available([SHIPPED, "wanted", "cached", "other", "third"])
    assert time.monotonic() - start < 5.0
    assert usable == [SHIPPED, "cached"]
    assert list(faults) == ["wanted", "other", "third"]
    assert all(text.startswith(f"{name} is not in ") for name, text in faults.items())


def test_load_answers_as_the_shipped_folder_does(hub, tmp_path, portrait):
    copy = shutil.copytree(names.CHECKPOINTS / SHIPPED, tmp_path / "copy")
    hub.add("org/copy", copy)
    loaded = fer_models.load("copy")
    assert loaded.name == "copy"
    (answer,) = loaded.predict([portrait], method=None)
    (expected,) = fer_models.load(SHIPPED).predict([portrait], method=None)
    assert answer.probabilities == pytest.approx(expected.probabilities, abs=1e-6)


COMMANDS = """
import sys
from fer_models.__main__ import main
for name in ("copy", "absent"):
    print(main([sys.argv[1], "--model", name]), name)
"""


def test_the_command_line_takes_a_name_from_the_hub_and_says_when_it_is_down(hub, tmp_path):
    hub.add("org/copy", shutil.copytree(names.CHECKPOINTS / SHIPPED, tmp_path / "copy"))
    hub.fail("/org/absent", 503)
    command = [sys.executable, "-c", COMMANDS, str(ROOT / "examples/portrait.jpg")]
    variables = environment(hub, tmp_path / "other") | {"FER_HUB_ORG": "org"}
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=variables, timeout=300)
    *answer, copy, absent = run.stdout.splitlines()
    assert "happiness" in "".join(answer) and copy == "0 copy"
    assert absent.endswith(" absent") and absent != "0 absent"
    (error,) = (line for line in run.stderr.splitlines() if "absent" in line)
    assert error.startswith("error: absent is not in") and "HTTP 503" in error
