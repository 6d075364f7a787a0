"""What a runtime says is compared with the library, and what does not run says why."""

import importlib.util
import json
import sys

import numpy as np
import pytest
import torch

from benchmarks import runtimes
from benchmarks.onnx_as_torch import OnnxAsTorch
from benchmarks.runtime_worker import RUNTIMES, apart, compared, installed, permuted_apart
from fer_models.checkpoint import Checkpoint
from fer_models.explain import explain
from fer_models.export.folder import export_checkpoint
from fer_models.results.runtimes import Ran, Runtimes
from tests.support.tiny import tiny_checkpoint, tiny_pictures

pytestmark = pytest.mark.slow  # exports a network
PATIENCE = 300


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A folder with an exported checkpoint's graphs, and the file of faces with what the library says of them."""
    folder = tmp_path_factory.mktemp("runtimes")
    checkpoint = Checkpoint(tiny_checkpoint(folder / "tiny"), device="cpu")
    export_checkpoint(checkpoint, folder / "export")
    runtimes.write_smaller(folder / "export")
    pixels = checkpoint.pixel_values(tiny_pictures(5))
    said = explain(checkpoint.model, pixels)
    own = checkpoint.model.attention_maps(said.output)["patch attention"].numpy()
    arrays = folder / "export" / "arrays.npz"
    np.savez(arrays, pixels=pixels.numpy(), output0=said.output.logits.numpy(), output1=said.cam, output2=own)
    return folder / "export"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_runtime_says_what_the_library_says(shown, runtime):
    if installed(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    ran = runtimes.ran(runtime, sys.executable, shown, PATIENCE)
    assert ran.fault is None
    assert max(ran.logits, ran.cam, ran.attention) < 1e-4 * 300  # logits of some hundred
    assert ran.same == 1 and ran.milliseconds > 0 and ran.permuted < 1e-4 * 300


def test_the_graph_without_grad_cam_answers_alike(shown):
    ran = runtimes.in_a_process(sys.executable, ["onnxruntime", str(shown), "answer.onnx"], PATIENCE)
    assert ran["cam"] is None and ran["same"] == 1 and max(ran["logits"], ran["attention"]) < 1e-4 * 300


def test_the_graph_as_torch_says_what_the_library_says(shown):
    kept = np.load(shown / "arrays.npz")
    network = OnnxAsTorch(shown / "one.onnx")
    for number in range(2):
        with torch.no_grad():
            found = network(torch.from_numpy(kept["pixels"][number : number + 1]), torch.tensor([-1]))
        for place, one in enumerate(found):
            expected = kept[f"output{place}"][number]
            np.testing.assert_allclose(one.numpy().reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)


def test_what_does_not_run_whole_is_measured_without_grad_cam(shown, tmp_path):
    for file in shown.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"not a graph")
    ran = runtimes.ran("onnxruntime", sys.executable, tmp_path, PATIENCE)
    assert "is damaged or of another onnxruntime" in ran.fault
    assert ran.cam is None and ran.same == 1 and ran.milliseconds > 0


def test_other_numbers_are_seen():
    logits, cam = np.array([[0.0, 1.0], [1.0, 0.0]]), np.zeros((2, 7, 7))
    found = compared([logits[::-1], cam + 0.5], [logits, cam])
    assert found == {"logits": 1.0, "cam": 0.5, "attention": 0.0, "same": 0.0}
    assert compared([logits, None], [logits, cam])["cam"] is None
    assert apart(np.array([np.nan, 0]), np.zeros(2)) == float("inf")
    with pytest.raises(ValueError, match="gives 4 numbers where 98 are asked for"):
        apart(logits, cam)


def test_a_runtime_that_reads_memory_as_it_lies_is_seen():
    pictures, ids = np.arange(24, dtype=np.float32).reshape(1, 3, 2, 4), np.array([-1])
    as_it_lies = permuted_apart(lambda pixels, _: [pixels.transpose(0, 2, 3, 1).ravel()], pictures, ids)
    assert as_it_lies == 0
    raw = permuted_apart(lambda pixels, _: [pixels.ravel(order="K")], pictures, ids)
    assert raw > 1
    assert permuted_apart(lambda pixels, _: [np.ascontiguousarray(pixels)], pictures, ids) == 0


def test_a_process_that_is_not_done_in_time_has_a_fault(shown):
    ran = runtimes.in_a_process(sys.executable, ["onnxruntime", str(shown), "model.onnx"], 0.01)
    assert ran == {"fault": "not done after 0 s"}


def test_a_runtime_that_is_not_installed_has_no_version():
    if importlib.util.find_spec("tract"):
        pytest.skip("tract is installed")
    assert runtimes.in_a_process(sys.executable, ["tract"], PATIENCE) is None
    assert runtimes.in_a_process(sys.executable, ["onnxruntime"], PATIENCE).startswith("onnxruntime 1.")


@pytest.mark.parametrize("word", ["mnn", "nothing=/usr/bin/python3"])
def test_a_python_without_a_runtime_is_one_sentence(word, capsys):
    with pytest.raises(SystemExit):
        runtimes.main(["--data", "x.parquet", "--python", word])
    assert f"{word!r} is no NAME=PATH with a name of onnxruntime, openvino, opencv, mnn" in capsys.readouterr().err


def test_a_python_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"^error: .*python does not start: No such file .*NAME=PATH$"):
        runtimes.main(["--data", "x.parquet", "--runtimes", "mnn", "--python", f"mnn={tmp_path / 'python'}"])


def test_the_graph_for_one_picture_takes_one(shown):
    names = json.loads((shown / "names.json").read_text())
    assert names == {
        "model.onnx": ["logits", "cam", "map_0"],
        "one.onnx": ["logits", "cam", "map_0"],
        "answer.onnx": ["logits", "map_0"],
    }


def test_a_missing_data_set_is_one_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"^error: expected a file at .*missing\.parquet, found none$"):
        runtimes.main(["--data", str(tmp_path / "missing.parquet"), "--runtimes", "onnxruntime"])


ORIGIN = {"faces": 5, "data": "d", "hardware": {}, "dirty": False, "date": "2026-01-01", "versions": {}}


def ran(**logits: float) -> dict[str, dict[str, Ran]]:
    return {name: {"x": Ran(logits=value)} for name, value in logits.items()}


def test_runtimes_that_were_measured_before_stay_beside_new_ones():
    earlier = Runtimes(ran=ran(a=1.0, b=2.0), wants={"a": "this"}, commit="c", **ORIGIN)
    both = runtimes.added(earlier, Runtimes(ran=ran(b=3.0), wants={"b": "that"}, commit="c", **ORIGIN))
    assert both.ran == ran(a=1.0, b=3.0)
    assert both.wants == {"a": "this", "b": "that"}


def test_runtimes_of_another_commit_do_not():
    with pytest.raises(SystemExit, match="has another commit"):
        runtimes.added(Runtimes(ran={}, commit="c", **ORIGIN), Runtimes(ran={}, commit="d", **ORIGIN))
