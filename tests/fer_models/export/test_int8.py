"""Exports of 8 bits: the setting is chosen by what it answers, and none that loses too much is written."""

import numpy as np
import onnx
import onnxruntime
import pytest

from fer_models.checkpoint import Checkpoint
from fer_models.errors import ExportError
from fer_models.export.graph import prepared, write_graph
from fer_models.export.int8 import Faces, labelled_faces, write_int8
from tests.support.tiny import tiny_checkpoint, tiny_pictures


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A graph, and faces that are labelled as the network answers: in float all are right."""
    folder = tmp_path_factory.mktemp("int8")
    checkpoint = Checkpoint(tiny_checkpoint(folder / "tiny"), device="cpu")
    write_graph(prepared(checkpoint.model), folder / "model.onnx", {"sha256": checkpoint.sha256})
    crops = [picture.convert("RGB") for picture in tiny_pictures(30)]
    labels = [checkpoint.expressions.index(answer.expression) for answer in checkpoint.predict(crops, None)]
    return folder / "model.onnx", Faces(crops, labels, lambda some: checkpoint.pixel_values(some).numpy())


def test_the_best_setting_is_written_with_what_was_measured(exported, tmp_path):
    given, faces = exported
    file = tmp_path / "model.onnx"
    file.write_bytes(given.read_bytes())
    report = write_int8(file, faces, most_loss=1.0)
    assert report.float_accuracy == 1 and report.accuracy == max(report.every.values())
    assert set(report.every) == {f"per {part}, {bits} bits" for part in ("channel", "tensor") for bits in (7, 8)}
    assert (report.calibration_faces, report.measured_faces) == (10, 20)
    graph = onnx.load(file)
    assert {one.key for one in graph.metadata_props} >= {"sha256"}
    kinds = [node.op_type for node in graph.graph.node]
    assert kinds.count("QuantizeLinear") > 5 and file.stat().st_size < 0.6 * given.stat().st_size
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    measured = faces.some([place for place in range(30) if place % 3])
    found = [session.run(["logits", "cam"], one) for one in measured.inputs()]
    right = np.concatenate([logits.argmax(axis=1) for logits, _ in found]) == measured.labels
    assert right.mean() == pytest.approx(report.accuracy)
    assert all(np.isfinite(cam).all() and cam.max() == pytest.approx(1) for _, cam in found)


def test_a_loss_that_is_too_high_is_refused_and_the_graph_stays(exported, tmp_path):
    given, faces = exported
    file = tmp_path / "model.onnx"
    file.write_bytes(given.read_bytes())
    with pytest.raises(ExportError, match=r"with 8 bits at best .* in float 100\.0 %; leave --int8 out"):
        write_int8(file, faces, most_loss=-0.01)
    assert file.read_bytes() == given.read_bytes()


def test_faces_are_labelled_by_their_folders_and_too_few_are_told(tmp_path):
    for number, picture in enumerate(tiny_pictures(62)):
        folder = tmp_path / ("happy" if number < 40 else "sadness" if number < 61 else "boredom")
        folder.mkdir(exist_ok=True)
        picture.save(folder / f"{number}.png")
    crops, labels = labelled_faces(tmp_path, ["sadness", "happiness"])
    assert sorted(labels) == [0] * 21 + [1] * 40 and crops[0].mode == "RGB"
    with pytest.raises(ExportError, match="has 21 faces in folders named by expression; 8 bits need 60 or more"):
        labelled_faces(tmp_path, ["sadness"])
