"""What tells people in one scene apart: the real faces of the examples."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from fer_models.detector import FaceDetector
from fer_models.faces import Face
from fer_models.video.appearance import appearance, likeness
from fer_models.video.tracking import CLEARER, SAME_LOOK


@pytest.fixture(scope="module")
def people(several_faces) -> tuple[Image.Image, list[Face]]:
    photo = several_faces if isinstance(several_faces, Image.Image) else Image.open(several_faces).convert("RGB")
    return photo, FaceDetector().detect(photo)


@pytest.mark.parametrize("light", [0.4, 1.0, 1.3])
def test_people_look_like_themselves_in_another_light_and_not_like_each_other(people, light):
    photo, faces = people
    other = ImageEnhance.Brightness(photo).enhance(light)
    known, found = ([appearance(frame, face) for face in faces] for frame in (photo, other))
    table = np.array([[likeness(one, two) for two in found] for one in known])
    own = np.diagonal(table)
    assert len(faces) == 3 and own.min() > SAME_LOOK
    assert table[~np.eye(3, dtype=bool)].max() < own.min() - CLEARER


def test_a_face_at_the_edge_has_a_look_and_one_without_contrast_has_none():
    frame = Image.new("RGB", (64, 64), "gray")
    face = Face((40.0, 40.0, 80.0, 80.0), np.zeros((5, 2)), 1.0)
    assert appearance(frame.crop((0, 0, 90, 90)), face) is not None  # what lies outside of a frame is black
    inside = Face((20.0, 20.0, 40.0, 40.0), np.zeros((5, 2)), 1.0)
    assert appearance(frame, inside) is None and likeness(None, None) is None
