"""Archives without Ray: pictures and videos in one table, addresses, and a sentence for what cannot be carried out."""

import csv
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest

from fer_models.__main__ import main
from tests.support.clips import still_clip
from tests.support.tiny import tiny_checkpoint, tiny_pictures


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, portrait, several_faces, no_face) -> Path:
    """Four pictures, one of them broken, and two videos, one of them cut off."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "more").mkdir()
    portrait.save(folder / "a.png")
    (folder / "b.jpg").write_bytes(b"not a picture")
    still_clip(folder / "c.mp4", portrait, 0.3)
    several_faces.save(folder / "more" / "d.png")
    no_face.save(folder / "more" / "e.png")
    (folder / "more" / "f.mp4").write_bytes((folder / "c.mp4").read_bytes()[:2000])
    (folder / "notes.txt").write_text("not asked for")
    (folder / ".hidden.png").write_bytes(b"")
    return folder


@pytest.fixture
def memory():
    """An empty file system in this process's memory."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def put(memory, folder: Path, there: str) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            memory.pipe_file(f"{there}/{path.relative_to(folder)}", path.read_bytes())


def test_pictures_and_videos_are_one_table_in_which_photos_have_no_time(tiny, mixed, tmp_path, capsys):
    out = tmp_path / "a.parquet"
    assert main([str(mixed), "--model", tiny, "--fps", "10", "--out", str(out)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "4 pictures and 2 videos: 7 answered faces, 2 could not be read"
    assert "1 hidden" in told[1] and "1 no picture or video by name (.txt)" in told[1]
    table = pq.read_table(out).to_pylist()
    assert [(Path(row["file"]).name, row["seconds"], row["faces"], row["face"], row["end"]) for row in table] == [
        ("a.png", None, 1, 1, None),
        ("b.jpg", None, 0, None, None),
        ("c.mp4", 0.0, 1, 1, None),
        ("c.mp4", 0.1, 1, 1, None),
        ("c.mp4", 0.2, 1, 1, None),
        ("c.mp4", 0.2, None, None, True),
        ("d.png", None, 3, 1, None),
        ("d.png", None, 3, 2, None),
        ("d.png", None, 3, 3, None),
        ("e.png", None, 0, None, None),
        ("f.mp4", 0.0, None, None, True),
    ]
    assert [Path(row["file"]).name for row in table if row["error"]] == ["b.jpg", "f.mp4"]
    assert {row["settings"] for row in table} == {"cropped: no, maps: none, trust: none, balanced: no, fps: 10"}
    answered = [row for row in table if row["model"]]
    assert len(answered) == 7 and all(row["weights"] and row["happiness"] is not None for row in answered)


@pytest.mark.slow
def test_each_answer_is_the_one_that_a_picture_or_a_video_gets_alone(tiny, mixed, tmp_path):
    asked = ["--model", tiny, "--out"]
    assert main([str(mixed), *asked, str(tmp_path / "both.csv")]) == 1
    assert main([str(mixed / "a.png"), *asked, str(tmp_path / "picture.csv")]) == 0
    assert main([str(mixed / "c.mp4"), *asked, str(tmp_path / "video.csv")]) == 0
    both = [row for row in rows(tmp_path / "both.csv") if Path(row["file"]).name in ("a.png", "c.mp4")]
    (picture,), video = rows(tmp_path / "picture.csv"), rows(tmp_path / "video.csv")
    for mine, theirs in zip(both, [picture, *video], strict=True):
        for key in mine.keys() & theirs.keys() - {"settings", "software", "modified", "weights"}:
            if key in ("neutral", "happiness", "surprise", "sadness", "anger", "probability") and theirs[key]:
                assert float(mine[key]) == pytest.approx(float(theirs[key]), abs=2e-4)
            elif key not in ("disgust", "fear", "contempt"):
                assert mine[key] == theirs[key]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl"])
def test_a_run_that_was_cut_off_anywhere_ends_as_one_that_was_not(tiny, mixed, tmp_path, name):
    command = [str(mixed), "--model", tiny, "--batch", "1", "--out"]  # alone in its pass each face gets the same digits
    whole = tmp_path / name
    assert main([*command, str(whole)]) == 1
    content = whole.read_bytes()
    for size in (9, len(content) // 2, len(content) - 30):
        part = tmp_path / f"{size}-{name}"
        part.write_bytes(content[:size])
        assert main([*command, str(part)]) == 1
        assert sorted(part.read_bytes().splitlines()) == sorted(content.splitlines())


def test_what_is_done_is_not_done_again_but_a_replaced_file_is(tiny, mixed, memory, tmp_path, capsys):
    put(memory, mixed, "/in")
    command = ["memory://in", "--model", tiny, "--out", str(tmp_path / "answers.jsonl")]
    assert main(command) == 1
    before = (tmp_path / "answers.jsonl").read_text().splitlines()
    capsys.readouterr()
    memory.pipe_file("/in/b.jpg", (mixed / "a.png").read_bytes())
    memory.pipe_file("/in/a.png", (mixed / "more" / "d.png").read_bytes())
    assert main(command) == 1
    assert "3 answered before, 4 answered faces, 1 could not be read" in capsys.readouterr().err
    after = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    names = [one.get("photo") or one["video"] for one in after]
    assert names[-3:] == ["memory:///in/a.png", "memory:///in/b.jpg", "memory:///in/more/f.mp4"]
    assert [len(one["faces"]) for one in after if "photo" in one][-2:] == [3, 1] and len(after) == len(before)


@pytest.mark.slow
def test_other_settings_and_other_tables_are_left_alone(tiny, mixed, tmp_path, capsys):
    out = tmp_path / "answers.csv"
    command = [str(mixed), "--model", tiny, "--out", str(out)]
    assert main(command) == 1
    present = out.read_bytes()
    capsys.readouterr()
    assert main([*command, "--fps", "2"]) == 2
    assert "was written with other options" in capsys.readouterr().err
    tiny_checkpoint(tmp_path / "net" / "tiny", seed=1)
    assert main([str(mixed), "--model", str(tmp_path / "net" / "tiny"), "--out", str(out)]) == 2
    assert "other weights of tiny" in capsys.readouterr().err
    assert out.read_bytes() == present
    out.write_text("my,own,table\n1,2,3\n")
    assert main(command) == 2
    assert "holds something else" in capsys.readouterr().err and out.read_text() == "my,own,table\n1,2,3\n"


@pytest.mark.slow
def test_an_address_has_the_rows_of_the_same_folder_here(tiny, mixed, memory, tmp_path):
    put(memory, mixed, "/in")
    assert main([str(mixed), "--model", tiny, "--out", str(tmp_path / "here.csv")]) == 1
    assert main(["memory://in", "--model", tiny, "--out", str(tmp_path / "there.csv")]) == 1
    here, there = rows(tmp_path / "here.csv"), rows(tmp_path / "there.csv")
    assert [row["file"].removeprefix("memory:///in") for row in there] == [
        row["file"].removeprefix(str(mixed)) for row in here
    ]
    for mine, theirs in zip(there, here, strict=True):
        for key in mine.keys() - {"file", "modified"}:
            assert mine[key] == theirs[key], key


def test_an_option_for_pictures_passes_over_the_videos_in_a_folder(tiny, tmp_path, portrait, capsys):
    tiny_pictures(1)[0].save(tmp_path / "a.png")
    still_clip(tmp_path / "b.mp4", portrait, 0.2)
    assert main([str(tmp_path), "--model", tiny, "--cropped"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main([f"file://{tmp_path}", "--model", tiny, "--cropped"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["photo"] == f"file://{tmp_path}/a.png"
    assert "no picture or video by name (.mp4)" in printed.err


def test_what_cannot_be_searched_is_one_sentence(tiny, memory, capsys):
    memory.makedirs("/empty")
    told = {
        "memory://empty": "no pictures or videos there",
        "memory://nothing": "there is nothing at memory://nothing; check the address",
        "nowhere://x": "nowhere://x is no address that fsspec knows",
        "adl://x/y": "adl://x/y cannot be read: ",
    }
    for address, words in told.items():
        assert main([address, "--model", tiny]) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ") and words in error and len(error.splitlines()) == 1


class Bucket(BaseHTTPRequestHandler):
    """An S3 in which nobody may list or read anything."""

    def do_GET(self):
        body = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    """Its address is where s3:// leads; nobody is logged in."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    yield server
    server.shutdown()
    server.server_close()


def test_a_bucket_without_rights_is_one_sentence(bucket, tiny, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert main(["s3://closed/stills", "--model", tiny]) == 2
    told = (
        "error: s3://closed/stills may not be read (access denied); log in with an account that may, or ask its owner"
    )
    assert capsys.readouterr().err == told + "\n"


def test_a_bucket_without_a_login_is_one_sentence(bucket, tiny, capsys):
    assert main(["s3://closed/stills", "--model", tiny]) == 2
    told = (
        "error: s3://closed/stills cannot be searched (Unable to locate credentials); check the address and your login"
    )
    assert capsys.readouterr().err == told + "\n"


def test_a_file_that_may_not_be_read_is_a_row_with_the_reason(tiny, mixed, memory, capsys, monkeypatch):
    put(memory, mixed, "/in")
    read = type(memory).cat_file

    def refusing(self, path, *args, **kwargs):
        if path.endswith("a.png"):
            raise PermissionError("Forbidden")
        return read(self, path, *args, **kwargs)

    monkeypatch.setattr(type(memory), "cat_file", refusing)
    assert main(["memory://in", "--model", tiny]) == 1
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first["photo"] == "memory:///in/a.png" and "could not be fetched (access denied)" in first["error"]


def test_without_ray_the_extra_is_named(mixed, tiny, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "fer_models.archive.ray_runner", raising=False)
    assert main([str(mixed), "--model", tiny, "--runner", "ray"]) == 2
    told = "error: the runner ray needs ray, which is not installed: pip install 'fer-models[ray]'\n"
    assert capsys.readouterr().err == told


@pytest.mark.slow
@pytest.mark.parametrize("address, why", [("127.0.0.1:1", "refused"), ("nowhere", "HOST:PORT")])
def test_a_cluster_that_is_not_there_is_one_sentence(mixed, capsys, address, why):
    pytest.importorskip("ray")
    assert main([str(mixed), "--runner", "ray", "--address", address]) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"error: no Ray cluster at {address} (") and why in told


@pytest.mark.parametrize(
    "more, words",
    [
        (["--workers", "2"], "--address and --workers are for --runner ray"),
        (["--runner", "ray", "--workers", "0"], "--workers must be at least 1"),
    ],
)
def test_what_does_not_go_together_is_told(more, words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["somewhere", *more])
    assert stop.value.code == 2 and words in capsys.readouterr().err
