"""What a runtime says is compared with the library, and what does not run says why."""

import importlib.util

import numpy as np
import pytest

from benchmarks import runtimes
from benchmarks.runtime_worker import compared
from fer_models.checkpoint import Checkpoint
from fer_models.explain import explain
from fer_models.export.folder import export_checkpoint
from tests.support.tiny import tiny_checkpoint, tiny_pictures

pytestmark = pytest.mark.slow  # exports a network


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """An exported checkpoint, and the file of faces with what the library says of them."""
    folder = tmp_path_factory.mktemp("runtimes")
    checkpoint = Checkpoint(tiny_checkpoint(folder / "tiny"), device="cpu")
    export_checkpoint(checkpoint, folder / "export")
    pixels = checkpoint.pixel_values(tiny_pictures(5))
    said = explain(checkpoint.model, pixels)
    own = checkpoint.model.attention_maps(said.output)["patch attention"].numpy()
    arrays = folder / "arrays.npz"
    np.savez(arrays, pixels=pixels.numpy(), output0=said.output.logits.numpy(), output1=said.cam, output2=own)
    return folder / "export" / "model.onnx", arrays


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_a_runtime_says_what_the_library_says(shown, runtime):
    if importlib.util.find_spec(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    ran = runtimes.in_a_process(runtime, *shown)
    assert ran.get("fault") is None
    assert max(ran["logits"], ran["cam"], ran["attention"]) < 1e-4 * 300  # logits of some hundred
    assert ran["same"] == 1 and ran["milliseconds"] > 0


def test_other_numbers_are_seen():
    logits, cam = np.array([[0.0, 1.0], [1.0, 0.0]]), np.zeros((2, 7, 7))
    found = compared([logits[::-1], cam + 0.5], [logits, cam])
    assert found == {"logits": 1.0, "cam": 0.5, "attention": 0.0, "same": 0.0}


def test_a_graph_that_does_not_run_has_a_fault_in_the_runtimes_words(shown, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"not a graph")
    fault = runtimes.in_a_process("onnxruntime", tmp_path / "model.onnx", shown[1])["fault"]
    assert "is damaged or of another onnxruntime" in fault


def test_a_missing_data_set_is_one_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"^error: expected a file at .*missing\.parquet, found none$"):
        runtimes.main(["--data", str(tmp_path / "missing.parquet")])
