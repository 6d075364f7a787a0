"""The runner on Ray, on a real cluster of two nodes in this machine: the same rows, whatever is killed."""

import csv
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

ray = pytest.importorskip("ray")

from fer_models.__main__ import main  # noqa: E402 - after what is not everywhere
from fer_models.archive.answerer import Asked  # noqa: E402
from fer_models.archive.faults import RunnerError  # noqa: E402
from fer_models.archive.listing import Item  # noqa: E402
from fer_models.archive.ray_runner import KILLED, RayRunner, blocks_of, in_order  # noqa: E402
from fer_models.paths import ROOT  # noqa: E402
from tests.support.clips import still_clip  # noqa: E402
from tests.support.echo import Echo  # noqa: E402
from tests.support.tiny import tiny_checkpoint, tiny_pictures  # noqa: E402

pytestmark = pytest.mark.slow  # a cluster of processes

ORIGIN = {"software": "", "weights": {}, "settings": {}}
# What the runner asks an `Asked` for; a class of ours would make each process that is killed load torch.
ASKED = SimpleNamespace(kind="pictures", as_csv=True, method=None, device="cpu")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def cluster():
    """Two nodes of a core each; the driver is on the first."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        cluster = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
        ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
        cluster.second = cluster.add_node(**node)
        cluster.wait_for_nodes()
        yield cluster
        ray.shutdown()
        cluster.shutdown()


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def wait_until(happened, going_on, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert going_on() and time.monotonic() < deadline
        time.sleep(0.02)


def lines_of(file: Path) -> int:
    return len(file.read_bytes().splitlines()) if file.exists() else 0


def test_whoever_is_killed_is_replaced_and_what_kills_each_time_is_told(cluster, tmp_path):
    names = [f"{number}.png" for number in range(20)]
    names[3], names[18] = "poison.png", "later.png"
    origin = ORIGIN | {"weights": {"marks": str(tmp_path)}}
    answers = list(RayRunner(ASKED, [], worker=Echo).answer([Item(name, False) for name in names], origin, []))
    assert sorted(one.item.name for one in answers) == sorted(names)
    assert [(one.item.name, one.error) for one in answers if one.error] == [("poison.png", KILLED)]
    assert all(one.lines == one.item.name for one in answers if not one.error)


def test_a_worker_that_sees_other_folders_is_refused_in_a_sentence(cluster, tiny, tmp_path):
    (tmp_path / "here").mkdir()
    runner = RayRunner(Asked("pictures", as_csv=True, models=(tiny,)), [tmp_path / "here"], workers=1)
    (tmp_path / "here").rmdir()  # as if it were on the driver's disk alone
    with pytest.raises(RunnerError, match=r"has no .*here; put it where every node sees it"):
        list(runner.answer([Item(str(tmp_path / "here" / "a.png"), False)], ORIGIN, []))


def test_what_no_worker_can_do_is_told_and_not_asked_again(cluster, tiny, tmp_path, capsys):
    tiny_pictures(1)[0].save(tmp_path / "a.png")
    command = [str(tmp_path), "--cropped", "--balanced", "--model", tiny, "--runner", "ray", "--workers", "1"]
    assert main(command) == 2
    assert "error: tiny does not know how common its expressions are" in capsys.readouterr().err


def test_a_driver_that_is_killed_is_gone_on_with_to_the_rows_that_there_are_without_ray(
    cluster, tiny, portrait, several_faces, tmp_path, capsys
):
    folder = tmp_path / "in"
    (folder / "more").mkdir(parents=True)
    for number in range(40):
        (several_faces if number == 7 else portrait).save(folder / f"{number:02}.jpg")
    (folder / "05.jpg").write_bytes(b"not a picture")
    still_clip(folder / "more" / "clip.mp4", portrait, 0.3)
    out = tmp_path / "ray.csv"
    command = [str(folder), "--model", tiny, "--out"]
    on_ray = ["--runner", "ray", "--address", cluster.address, "--workers", "1"]
    driver = subprocess.Popen(
        [sys.executable, "-m", "fer_models", *command, str(out), *on_ray], cwd=ROOT, env=os.environ
    )
    try:
        wait_until(lambda: lines_of(out) > 1, lambda: driver.poll() is None)
    finally:
        driver.kill()
        driver.wait()
    before = rows(out)
    assert 0 < len(before) < 40
    assert main([*command, str(out), *on_ray]) == 1
    assert "answered before" in capsys.readouterr().err
    assert main([*command, str(tmp_path / "here.csv")]) == 1

    assert len(rows(out)) == len(rows(tmp_path / "here.csv"))
    for mine, theirs in zip(_by_name(out), _by_name(tmp_path / "here.csv"), strict=True):
        assert mine == theirs


def _by_name(file: Path) -> list[dict]:
    """The rows by file, moment and face, their numbers but for the last digit, which depends on who is in the pass."""
    told = sorted(rows(file), key=lambda row: (row["file"], row["end"], row["seconds"], row["face"]))
    return [{key: _number(cell) for key, cell in row.items()} for row in told]


def _number(cell: str) -> object:
    try:
        return pytest.approx(float(cell), abs=2e-4)
    except ValueError:
        return cell


def test_a_node_that_is_removed_in_mid_run_loses_nothing_and_doubles_nothing(cluster, tiny, tmp_path):
    crops, out = tmp_path / "crops", tmp_path / "answers.csv"
    crops.mkdir()
    for number, picture in enumerate(tiny_pictures(400)):
        picture.save(crops / f"{number:03}.png")
    (crops / "005.png").write_bytes(b"not a picture")
    ended: list[int] = []
    command = [str(crops), "--cropped", "--model", tiny, "--out", str(out), "--runner", "ray"]
    run = threading.Thread(target=lambda: ended.append(main(command)))
    run.start()
    wait_until(lambda: lines_of(out) > 20, run.is_alive)
    begun = len(rows(out))
    cluster.remove_node(cluster.second, allow_graceful=False)
    run.join(timeout=120)
    assert ended == [1] and begun < 400
    answered = rows(out)
    assert sorted(row["photo"] for row in answered) == [str(path) for path in sorted(crops.iterdir())]
    assert [Path(row["photo"]).name for row in answered if row["error"]] == ["005.png"]


def test_answers_come_in_order_unless_one_is_waited_for_too_long():
    came = [(number, None) for number in (2, 0, 1, 4, 5, 6, 7, 3, 8)]
    assert [number for number, _ in in_order(came, range(9), patience=9)] == list(range(9))
    assert [number for number, _ in in_order(came, range(9), patience=3)] == [0, 1, 2, 4, 5, 6, 7, 3, 8]


def test_a_video_is_a_block_of_its_own_and_pictures_share_one():
    items = [Item("a", False)] * 3 + [Item("v", True)] * 2 + [Item("b", False)]
    assert list(blocks_of(items, range(6), 2)) == [[0, 1], [2], [3], [4], [5]]
