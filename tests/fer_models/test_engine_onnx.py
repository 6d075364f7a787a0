"""The engine without torch gives the answers, maps and words of the engine with it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fer_models import FERImageProcessor, HFCConfig, HFCForImageClassification
from fer_models.analyzer import Analyzer
from fer_models.average_maps import FILE as AVERAGE_MAPS
from fer_models.average_maps import make_baselines, write_baselines
from fer_models.checkpoint import Checkpoint
from fer_models.engine_onnx import DATA, ExportedCheckpoint
from fer_models.engines import FastCheckpoint, export_folder, open_checkpoint
from fer_models.errors import CheckpointError
from fer_models.export.folder import export_checkpoint
from fer_models.methods import METHODS
from fer_models.paths import EXAMPLES
from fer_models.prediction import WITHOUT_CONTRAST
from fer_models.random_weights import FILE as RANDOM_WEIGHTS
from fer_models.trust import measure_trust

LABELS = dict(enumerate(("happiness", "sadness", "anger", "fear")))
PRIORS = [0.7, 0.1, 0.1, 0.1]


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[Checkpoint, ExportedCheckpoint]:
    """A small network with random weights in either engine."""
    folder = tmp_path_factory.mktemp("engines")
    torch.manual_seed(0)
    told = {"softmax_temperature": 0.5, "reject_threshold": 0.5, "class_priors": PRIORS, "balanced_temperature": 0.4}
    config = HFCConfig(image_size=32, attention="bam", id2label=LABELS, face_margin=0.1, **told)
    HFCForImageClassification(config).save_pretrained(folder / "small")
    FERImageProcessor(size={"height": 32, "width": 32}, source_size=24, do_grayscale=True).save_pretrained(
        folder / "small"
    )
    checkpoint = Checkpoint(folder / "small", device="cpu")
    faces = np.random.default_rng(1).integers(0, 256, (30, 6, 6, 3), dtype=np.uint8)
    answers = checkpoint.predict([Image.fromarray(face).resize((40, 40)) for face in faces])
    names = [answer.expression for answer in answers]
    shown = np.stack([answer.maps[1].values for answer in answers])
    known = {answers[0].maps[1].name: make_baselines(shown, names)}
    write_baselines(folder / "small" / AVERAGE_MAPS, known, {"sha256": checkpoint.sha256})
    checkpoint = Checkpoint(folder / "small", device="cpu")
    export_checkpoint(checkpoint, folder / "exported")
    return checkpoint, ExportedCheckpoint(folder / "exported")


@pytest.fixture(scope="module")
def crops() -> list[Image.Image]:
    noise = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    return [Image.fromarray(one).resize((side, side)) for one, side in zip(noise, (20, 48, 111), strict=True)]


def test_pictures_are_prepared_alike_within_two_shades(both, crops):
    torchs, ours = both[0].pixel_values(crops).numpy(), both[1].pixel_values(crops)
    assert ours.shape == torchs.shape and ours.dtype == torchs.dtype
    assert np.abs(ours - torchs).max() <= 2.01 * 2 / 255
    assert np.abs(ours - torchs).mean() < 0.5 * 2 / 255


def test_on_several_cores_answers_and_maps_are_those_of_one(both, crops, monkeypatch):
    exported = both[1]
    answers = {}
    for number in ("1", "2"):
        monkeypatch.setattr("fer_models.side_by_side._pool", None)
        monkeypatch.setenv("OMP_NUM_THREADS", number)
        answers[number] = [*exported.predict(crops), *exported.predict(crops[:1])]
    assert len(answers["2"]) == len(crops) + 1
    for one, two in zip(answers["1"], answers["2"], strict=True):
        np.testing.assert_allclose([*two.probabilities.values()], [*one.probabilities.values()], atol=1e-6)
        for here, there in zip(two.maps, one.maps, strict=True):
            np.testing.assert_allclose(here.values, there.values, atol=1e-5)


@pytest.mark.parametrize("balanced, mirror", [(False, False), (True, False), (False, True)])
def test_answers_words_and_maps_are_those_of_torch(both, crops, balanced, mirror, monkeypatch):
    checkpoint, exported = both
    monkeypatch.setattr(exported, "pixel_values", lambda crops: checkpoint.pixel_values(crops).numpy())
    for expression in (None, "fear", [None, "anger", "surprise"]):
        theirs = checkpoint.predict(crops, "gradcam", expression, balanced, mirror)
        ours = exported.predict(crops, "gradcam", expression, balanced, mirror)
        for one, other in zip(ours, theirs, strict=True):
            assert list(one.probabilities) == list(other.probabilities)
            np.testing.assert_allclose(list(one.probabilities.values()), list(other.probabilities.values()), atol=1e-4)
            assert (one.expression, one.explained, one.sure) == (other.expression, other.explained, other.sure)
            assert (one.balanced, one.mirror) == (other.balanced, other.mirror) == (balanced, mirror)
            assert [(m.name, m.meaning, m.kind) for m in one.maps] == [(m.name, m.meaning, m.kind) for m in other.maps]
            for mine, map_ in zip(one.maps, other.maps, strict=True):
                np.testing.assert_allclose(mine.values, map_.values, atol=1e-3)
    assert exported.predict(crops, None)[0].maps == [] and exported.predict([]) == []
    assert exported.face_margin == checkpoint.face_margin == 0.1 and exported.sha256 == checkpoint.sha256
    assert exported.facts == checkpoint.facts


def test_of_a_picture_without_contrast_no_answer_is_sure(both):
    for engine in both:
        (answer,) = engine.predict([Image.new("RGB", (64, 64))], method=None)
        assert not answer.sure and answer.conditions == (WITHOUT_CONTRAST,)


def test_an_export_without_the_gradient_for_pixels_says_what_needs_torch(both, crops, tmp_path):
    folder = shutil.copytree(both[1].folder, tmp_path / "copy")  # as one with 8 bits is
    data = json.loads((folder / DATA).read_text())
    (folder / DATA).write_text(json.dumps(data | {"pixels": []}))
    exported = ExportedCheckpoint(folder)
    assert exported.predict(crops, "hirescam")[0].maps
    with pytest.raises(CheckpointError, match="integrated needs torch: take the torch engine"):
        exported.predict(crops, "integrated")


@pytest.mark.parametrize("method", ["gradcam", "integrated"])
def test_a_map_is_worth_what_torch_says(method, both, crops):
    found = []
    for checkpoint in both:
        (answer,) = checkpoint.predict(crops[1:2], method, "fear")
        found.append(measure_trust(checkpoint, answer, method))
    torchs, ours = found
    assert ours.expression == torchs.expression == "fear" and ours.flat == torchs.flat
    assert ours.steadiness.same == torchs.steadiness.same
    assert [one.shown.name for one in ours.maps] == [one.shown.name for one in torchs.maps]
    for one, other in zip(ours.maps, torchs.maps, strict=True):
        assert np.abs(one.randomized.values - other.randomized.values).max() < 0.05 * other.randomized.values.max()
        assert one.likeness == pytest.approx(other.likeness, abs=0.05) and one.likeness < 0.95
        np.testing.assert_allclose(one.curves.deletion, other.curves.deletion, atol=0.01)
        np.testing.assert_allclose(one.curves.insertion, other.curves.insertion, atol=0.01)
        assert (one.verdict is None) == (other.verdict is None)
        assert one.verdict is None or abs(one.verdict.rank - other.verdict.rank) <= 2
    assert [one.verdict is not None for one in ours.maps].count(True) == 1
    assert max(np.ptp(one.curves.deletion) for one in ours.maps) > 0.01


def test_an_export_without_random_weights_says_so(both, crops, tmp_path):
    folder = shutil.copytree(both[1].folder, tmp_path / "copy")
    data = json.loads((folder / DATA).read_text())
    (folder / DATA).write_text(json.dumps(data | {"random": None}))  # as one with 8 bits is
    exported = ExportedCheckpoint(folder)
    with pytest.raises(CheckpointError, match="holds no random weights to check a map with, as no export with 8 bits"):
        measure_trust(exported, exported.predict(crops[:1])[0], "gradcam")


def test_average_maps_in_the_folder_of_a_checkpoint_stay_where_it_is_exported_to(both, tmp_path):
    folder = shutil.copytree(both[0].folder, tmp_path / "copy")
    before = (folder / AVERAGE_MAPS).read_bytes()
    export_checkpoint(Checkpoint(folder, device="cpu"), folder)
    assert (folder / AVERAGE_MAPS).read_bytes() == before
    assert ExportedCheckpoint(folder).baselines.keys() == both[1].baselines.keys() != set()


def test_random_weights_that_are_damaged_are_told(both, crops, tmp_path):
    folder = shutil.copytree(both[1].folder, tmp_path / "copy")
    content = bytearray((folder / RANDOM_WEIGHTS).read_bytes())
    content[: len(content) // 2] = bytes(len(content) // 2)
    (folder / RANDOM_WEIGHTS).write_bytes(content)
    exported = ExportedCheckpoint(folder)
    with pytest.raises(CheckpointError, match=r"random_weights\.npz is damaged; export the checkpoint again"):
        measure_trust(exported, exported.predict(crops[:1])[0], "gradcam")


def test_the_analyzer_takes_the_engine_that_is_asked_for_and_keeps_the_export(both, crops, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_MODELS_CACHE", str(tmp_path))
    checkpoint = both[0]
    assert type(open_checkpoint(checkpoint.folder)) is Checkpoint  # nothing was exported yet
    fast = open_checkpoint(checkpoint.folder, engine="onnx")
    kept = sorted(file.name for file in export_folder(checkpoint.folder).iterdir())
    assert kept == [
        AVERAGE_MAPS,
        DATA,
        "model.onnx",
        "onet.onnx",
        "pixels.onnx",
        "pnet.onnx",
        RANDOM_WEIGHTS,
        "rnet.onnx",
    ]
    found = open_checkpoint(checkpoint.folder)
    assert isinstance(found, FastCheckpoint) and found.sha256 == checkpoint.sha256
    assert type(open_checkpoint(checkpoint.folder, engine="torch")) is Checkpoint
    ours, theirs = fast.predict(crops), checkpoint.predict(crops)
    assert [one.model for one in ours] == ["small"] * 3
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(list(one.probabilities.values()), list(other.probabilities.values()), atol=0.02)
    for method in METHODS:
        ours, theirs = fast.predict(crops, method), checkpoint.predict(crops, method)
        np.testing.assert_allclose(ours[0].maps[0].values, theirs[0].maps[0].values, atol=0.03)
    assert "network" not in vars(fast)  # none of them needed it
    with pytest.raises(CheckpointError, match="engine must be one of auto, torch, onnx, not 'jax'"):
        open_checkpoint(checkpoint.folder, engine="jax")


def test_an_export_of_another_calibration_is_not_taken(both, crops, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_MODELS_CACHE", str(tmp_path / "cache"))
    folder = Path(shutil.copytree(both[0].folder, tmp_path / "small"))
    open_checkpoint(folder, engine="onnx")
    assert isinstance(open_checkpoint(folder), FastCheckpoint)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"softmax_temperature": 7.5}))  # as train/calibrate.py does
    found = open_checkpoint(folder)
    assert type(found) is Checkpoint and found.model.config.softmax_temperature == 7.5
    fast, plain = open_checkpoint(folder, engine="onnx").predict(crops, None), found.predict(crops, None)
    for one, other in zip(fast, plain, strict=True):
        np.testing.assert_allclose(list(one.probabilities.values()), list(other.probabilities.values()), atol=0.02)


def test_a_folder_that_cannot_answer_is_named(both, tmp_path):
    folder = shutil.copytree(both[1].folder, tmp_path / "copy")
    with pytest.raises(CheckpointError, match="was exported from other weights"):
        ExportedCheckpoint(folder, sha256="0" * 64)
    data = json.loads((folder / DATA).read_text())
    (folder / DATA).write_text(json.dumps(data | {"sha256": "0" * 64}))
    with pytest.raises(CheckpointError, match="are of different weights"):
        ExportedCheckpoint(folder)
    (folder / DATA).write_text(json.dumps(data | {"format": 99}))
    with pytest.raises(CheckpointError, match="exported in format 99, this version reads 4"):
        ExportedCheckpoint(folder)
    (folder / DATA).write_text(json.dumps({key: value for key, value in data.items() if key != "maps"}))
    with pytest.raises(CheckpointError, match="has no maps; export the checkpoint again"):
        ExportedCheckpoint(folder)
    (folder / DATA).write_text("{")
    with pytest.raises(CheckpointError, match="cannot be read; export the checkpoint again"):
        ExportedCheckpoint(folder)
    shutil.copyfile(both[1].folder / DATA, folder / DATA)
    (folder / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(CheckpointError, match="is damaged or of another onnxruntime"):
        ExportedCheckpoint(folder)
    (folder / "model.onnx").unlink()
    with pytest.raises(CheckpointError, match=r"it has no model\.onnx"):
        ExportedCheckpoint(folder)


def test_a_graph_in_parts_answers_as_torch_does_and_names_what_is_missing(both, crops, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    torch.manual_seed(0)
    told = {"class_priors": PRIORS, "balanced_temperature": 0.4}
    HFCForImageClassification(HFCConfig(image_size=16, id2label=LABELS, **told)).save_pretrained(tmp_path / "hfc")
    size = {"height": 16, "width": 16}
    FERImageProcessor(size=size, source_size=16, do_grayscale=True).save_pretrained(tmp_path / "hfc")
    checkpoint, folder = Checkpoint(tmp_path / "hfc", device="cpu"), tmp_path / "exported"
    export_checkpoint(checkpoint, folder)
    exported = ExportedCheckpoint(folder)
    squares = [crop.resize((16, 16)) for crop in crops]
    others = [{"method": method} for method in METHODS]
    others.append({"method": "integrated", "expression": "fear", "mirror": True})
    for options in ({}, {"mirror": True, "expression": "fear"}, {"balanced": True}, {"method": None}, *others):
        for some in (squares, squares[:1]):
            for ours, theirs in zip(
                exported.predict(some, **options), checkpoint.predict(some, **options), strict=True
            ):
                assert [*ours.probabilities.values()] == pytest.approx([*theirs.probabilities.values()], abs=2e-3)
                assert [one.name for one in ours.maps] == [one.name for one in theirs.maps]
                if options in others:
                    assert ours.maps[0].meaning == theirs.maps[0].meaning
                    np.testing.assert_allclose(ours.maps[0].values, theirs.maps[0].values, atol=0.03)
    alone = Analyzer([ExportedCheckpoint(folder)]).checkpoints["hfc"]._graph.sessions
    beside = Analyzer([ExportedCheckpoint(folder), both[1]]).checkpoints["hfc"]._graph.sessions
    assert all(one.wide for one in alone) and not any(one.wide for one in beside)
    (folder / "pixels_2.onnx").rename(folder / "away")
    with pytest.raises(CheckpointError, match=r"has no pixels_2\.onnx; export the checkpoint again"):
        ExportedCheckpoint(folder)
    (folder / "pixels_2.onnx").write_bytes((folder / "away").read_bytes()[:100])
    with pytest.raises(CheckpointError, match=r"pixels_2\.onnx is damaged; export the checkpoint again"):
        ExportedCheckpoint(folder)
    (folder / "away").rename(folder / "pixels_2.onnx")
    (folder / "part_1.onnx").unlink()
    with pytest.raises(CheckpointError, match=r"has no part_1\.onnx; export the checkpoint again"):
        ExportedCheckpoint(folder)
    data = json.loads((folder / DATA).read_text())
    (folder / DATA).write_text(json.dumps(data | {"parts": ["part_0.onnx"]}))
    with pytest.raises(CheckpointError, match="does not say what its parts are"):
        ExportedCheckpoint(folder)


WITHOUT = """
import sys
for name in ("torch", "torchvision", "transformers", "huggingface_hub", "safetensors", "timm", "facenet_pytorch"):
    sys.modules[name] = None
for name in ("matplotlib", "gradio", "pydantic", "scipy"):
    sys.modules[name] = None
from fer_models.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def without_torch(*arguments: object) -> subprocess.CompletedProcess:
    words = [sys.executable, "-c", WITHOUT, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=300)


def test_it_answers_and_explains_photos_and_folders_where_torch_cannot_be_imported(both, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("several_faces", "no_face"):
        shutil.copyfile(EXAMPLES / f"{name}.jpg", photos / f"{name}.jpg")
    exported = both[1].folder
    out, maps, checked = tmp_path / "answers.jsonl", tmp_path / "maps", tmp_path / "checked.jsonl"
    run = without_torch(photos, "--model", exported, "--out", out, "--maps", maps, "--method", "integrated")
    assert run.returncode == 0, run.stderr
    nobody, people = [json.loads(line) for line in out.read_text().splitlines()]
    assert nobody["faces"] == [] and len(people["faces"]) == 3
    expected = Analyzer([both[0]]).analyze(photos / "several_faces.jpg", method=None)
    for found, face, answers in zip(people["faces"], expected.faces, expected.predictions, strict=True):
        np.testing.assert_allclose(found["box"], face.box, atol=0.1)
        (answer,), told = found["answers"], answers["small"]
        assert answer["model"] == "exported"
        for name, share in told.probabilities.items():
            assert answer["probabilities"][name] == pytest.approx(share, abs=0.02)
    listed = json.loads((maps / "several_faces.jpg/maps.json").read_text())
    assert {one["face"] for one in listed} == {1, 2, 3} and len(listed) == 3 * 5
    with_trust = without_torch(EXAMPLES / "portrait.jpg", "--model", exported, "--trust", "--out", checked)
    assert with_trust.returncode == 0, with_trust.stderr
    (told,) = [json.loads(line)["faces"][0]["answers"][0] for line in checked.read_text().splitlines()]
    assert told["trust"] and all(one["likeness"] is None or abs(one["likeness"]) <= 1 for one in told["trust"].values())
    picture = Image.open(maps / "several_faces.jpg" / listed[0]["file"])
    assert picture.size == (448, 448) and len(picture.resize((9, 9)).getcolors()) > 9


@pytest.mark.parametrize("words, sentence", [
    (["--engine", "torch"], "is an exported checkpoint, which the onnx engine answers from"),
    (["--device", "cuda"], "is an exported checkpoint, which computes on the CPU, not on cuda"),
])  # fmt: skip
def test_what_needs_torch_is_told_in_a_sentence(both, words, sentence):
    run = without_torch(EXAMPLES / "portrait.jpg", "--model", both[1].folder, *words)
    assert run.returncode == 2 and sentence in run.stderr and "Traceback" not in run.stderr


def test_a_checkpoint_that_is_not_exported_says_what_it_needs(both):
    run = without_torch(EXAMPLES / "portrait.jpg", "--model", both[0].folder)
    assert run.returncode == 2
    assert "a checkpoint that is not exported needs torch, which is not installed: pip install" in run.stderr


def test_an_export_without_the_networks_that_find_faces_is_told(both, tmp_path):
    folder = shutil.copytree(both[1].folder, tmp_path / "copy")
    (folder / "rnet.onnx").unlink()
    with pytest.raises(CheckpointError, match=r"has no rnet\.onnx to find faces with; export the checkpoint again"):
        Analyzer([folder])
