"""Ours and what else one would install answer about the same photo; what is not installed is left out with a word."""

import json

import pytest

from benchmarks import peers
from fer_models.results import read
from tests.support.tiny import tiny_checkpoint

pytestmark = pytest.mark.slow  # starts processes and exports a network


def test_both_engines_are_timed_and_who_is_missing_is_left_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FER_MODELS_CACHE", str(tmp_path / "cache"))
    model = tiny_checkpoint(tmp_path / "tiny")
    peers.main(["--model", str(model), "--rounds", "2", "--out", str(tmp_path / "peers.json")])
    result = read(tmp_path / "peers.json")
    assert {one.name for one in result.peers} == {"tiny, onnx", "tiny, torch"}
    assert all(one.ours and len(one.faces) == 1 and one.milliseconds > 0 for one in result.peers)
    assert {one.name: one.ratio for one in result.peers}["tiny, onnx"] == 1
    assert result.left_out == ("fer", "fer-mtcnn", "face-api", "human")
    assert "fer is left out: pass --python" in capsys.readouterr().out


def test_one_that_does_not_start_says_why(tmp_path):
    (tmp_path / "fails.py").write_text("raise ImportError('no such package')\n")
    with peers.process([peers.sys.executable, str(tmp_path / "fails.py")], 1) as said:
        assert said == "ImportError: no such package"


def test_a_process_is_asked_for_one_time_after_the_other(tmp_path):
    told = json.dumps({"name": "x", "faces": ["happy"]})
    (tmp_path / "x.py").write_text(f"import sys\nprint({told!r}, flush=True)\nfor n, _ in enumerate(sys.stdin):\n")
    with (tmp_path / "x.py").open("a") as file:
        file.write("    print(n + 1, flush=True)\n")
    with peers.process([peers.sys.executable, str(tmp_path / "x.py")], 1) as asked:
        assert (asked.name, asked.faces) == ("x", ("happy",))
        assert [asked.milliseconds(), asked.milliseconds()] == [1, 2]


def test_a_missing_checkpoint_is_one_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"^error: .*nowhere"):
        peers.main(["--model", str(tmp_path / "nowhere")])
