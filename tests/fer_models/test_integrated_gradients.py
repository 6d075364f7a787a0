"""Integrated gradients from the blurred face, on networks whose answer is known."""

import numpy as np
import pytest
import torch

from fer_models import integrated_numpy
from fer_models.explain import explain, frozen
from fer_models.integrated_gradients import CELLS, blurred, integrated_gradients
from tests.support.networks import BrightnessModel


def test_the_map_adds_up_to_what_the_detail_of_the_face_does_to_the_answer(tiny):
    """The theorem of the paper (completeness, proposition 1), up to the few steps of the sum."""
    faces = torch.rand(3, 3, 4 * CELLS, 4 * CELLS, generator=torch.Generator().manual_seed(0))
    class_ids = torch.tensor([0, 1, 2])
    tiny.classifier.weight.data *= 20
    with torch.no_grad():
        change = [
            tiny.eval()(one).logits.log_softmax(dim=1).gather(1, class_ids[:, None]) for one in (faces, blurred(faces))
        ]
    with frozen(tiny):
        maps = integrated_gradients(tiny, faces, class_ids)
    pixels_of_a_cell = 16
    inside = maps[:, 1:-1, 1:-1].sum()  # at the edge the smoothing counts some cells twice
    assert torch.isfinite(maps).all() and inside.abs() > 0
    torch.testing.assert_close(
        maps.sum(dim=(1, 2)) * pixels_of_a_cell, (change[0] - change[1])[:, 0], rtol=0.2, atol=0.02
    )


def test_it_marks_the_place_that_the_answer_rests_on_and_nothing_else(bright_square):
    picture, square = bright_square
    cam = explain(BrightnessModel(), picture[None], "integrated", [1]).cam[0]
    rows, columns = np.nonzero(square)
    centre = np.array([rows.mean(), columns.mean()]) * CELLS / square.shape[0]
    highest = np.array(np.unravel_index(cam.argmax(), cam.shape))
    assert np.abs(highest - centre).max() <= 1.5
    far = np.add.outer(np.abs(np.arange(CELLS) - centre[0]), np.abs(np.arange(CELLS) - centre[1])) > 8
    assert cam[far].max() < 0.1


def test_a_face_has_the_same_map_alone_and_in_a_batch(pattlite, pattlite_faces):
    together = explain(pattlite, pattlite_faces, "integrated")
    for face in range(len(pattlite_faces)):
        alone = explain(pattlite, pattlite_faces[face : face + 1], "integrated", [together.class_ids[face]])
        np.testing.assert_allclose(alone.cam[0], together.cam[face], atol=1e-3)


def test_a_face_without_detail_has_an_empty_map(tiny):
    flat = torch.full((1, 3, 56, 56), 0.5)
    assert explain(tiny, flat, "integrated", [1]).cam.max() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("side", [16, 33, 56, 112])
def test_numpys_are_torchs(tiny, side):
    """With torch's gradients; sides that the cells do not divide, too."""
    faces = torch.rand(3, 3, side, side, generator=torch.Generator().manual_seed(side))
    class_ids = torch.tensor([0, 1, 2])

    def gradients(pictures: np.ndarray, ids: np.ndarray) -> np.ndarray:
        leaf = torch.tensor(pictures, requires_grad=True)
        score = tiny(leaf).logits.log_softmax(dim=1).gather(1, torch.tensor(ids)[:, None]).sum()
        return torch.autograd.grad(score, leaf)[0].numpy()

    tiny.classifier.weight.data *= 20
    with frozen(tiny):
        expected = integrated_gradients(tiny, faces, class_ids).numpy()
        found = integrated_numpy.integrated_gradients(gradients, faces.numpy(), class_ids.numpy())
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_allclose(integrated_numpy.blurred(faces.numpy()), blurred(faces), atol=1e-6)


@pytest.mark.parametrize("cells, size", [((7, 7), (56, 56)), ((1, 4), (33, 50)), ((14, 14), (9, 160))])
def test_a_map_is_enlarged_as_torch_enlarges_it(cells, size):
    values = np.random.default_rng(0).random(cells)
    expected = torch.nn.functional.interpolate(torch.from_numpy(values)[None, None], size, mode="bilinear")[0, 0]
    np.testing.assert_allclose(integrated_numpy.enlarged(values, size), expected, atol=1e-12)
