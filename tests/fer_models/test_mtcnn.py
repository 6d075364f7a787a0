"""The cascade finds what facenet-pytorch finds, with torch's networks and with exported ones."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from facenet_pytorch import MTCNN
from facenet_pytorch.models.utils.detect_face import batched_nms_numpy
from PIL import Image
from torchvision.ops import nms

from fer_models.export.mtcnn import write_networks
from fer_models.mtcnn import Networks, _each_once, find_faces
from fer_models.mtcnn_networks import onnx_networks, torch_networks
from fer_models.paths import EXAMPLES

pytestmark = pytest.mark.slow  # exports networks

SMALLEST = 40


@pytest.fixture(scope="module", params=["torch", "onnx"])
def networks(request, tmp_path_factory) -> Networks:
    if request.param == "torch":
        return torch_networks()
    folder = tmp_path_factory.mktemp("networks")
    write_networks(folder)
    return onnx_networks(folder)


@pytest.fixture(scope="module")
def expected() -> Callable:
    mtcnn = MTCNN(keep_all=True, min_face_size=SMALLEST)
    with torch.inference_mode():
        yield lambda pixels: mtcnn.detect(pixels, landmarks=True)


@pytest.mark.parametrize("name", ["portrait", "several_faces", "hard_light", "no_face"])
def test_boxes_scores_and_landmarks_are_the_packages(networks, expected, name):
    pixels = np.pad(np.asarray(Image.open(EXAMPLES / f"{name}.jpg").convert("RGB")), ((40, 41), (40, 40), (0, 0)))
    boxes, scores, landmarks = expected(pixels)
    found = find_faces(pixels, networks, SMALLEST)
    assert len(found.boxes) == (0 if boxes is None else len(boxes)) == {"no_face": 0, "several_faces": 3}.get(name, 1)
    if boxes is not None:
        np.testing.assert_allclose(found.boxes, boxes.astype(float), atol=1e-3)
        np.testing.assert_allclose(found.scores, scores.astype(float), atol=1e-5)
        np.testing.assert_allclose(found.landmarks, landmarks.astype(float), atol=1e-3)


@pytest.mark.parametrize("size", [(41, 300), (300, 41), (12, 12)])
def test_a_picture_of_few_pixels_has_no_face(networks, size):
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    found = find_faces(noise, networks, SMALLEST)
    assert found.boxes.shape == (0, 4) and found.scores.shape == (0,) and found.landmarks.shape == (0, 5, 2)


def test_more_boxes_than_a_pass_takes_are_answered_alike(networks, monkeypatch):
    pixels = np.asarray(Image.open(EXAMPLES / "several_faces.jpg").convert("RGB"))
    before = find_faces(pixels, networks, SMALLEST)
    monkeypatch.setattr("fer_models.mtcnn._BATCH", 7)
    monkeypatch.setattr("fer_models.mtcnn._BLOCK", 3)
    after = find_faces(pixels, networks, SMALLEST)
    np.testing.assert_allclose(after.landmarks, before.landmarks, atol=1e-3)


def test_of_two_boxes_with_one_score_the_one_that_the_package_takes_stays():
    boxes = np.array([[0, 0, 100, 100], [2, 2, 102, 102], [300, 0, 400, 100]], dtype=np.float32)
    scores = np.ones(3, dtype=np.float32)
    given = torch.from_numpy(boxes), torch.from_numpy(scores)
    assert set(_each_once(boxes, scores, 0.7).tolist()) == set(nms(*given, 0.7).tolist()) == {0, 2}
    last = batched_nms_numpy(*given, torch.zeros(3), 0.7, "Min").tolist()
    assert set(_each_once(boxes, scores, 0.7, inside_counts=True).tolist()) == set(last) == {1, 2}
