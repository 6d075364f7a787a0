"""Deletion and insertion curves."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fer_models.explain import explain
from fer_models.trust import Faithfulness, faithfulness
from tests.support.networks import SIZE, BrightnessModel, state


def test_a_perfect_map_beats_chance_and_its_inverse_does_not(bright_square):
    picture, square = bright_square
    curves = faithfulness(BrightnessModel(), picture, {"right": square, "wrong": 1 - square}, class_id=1)
    right, wrong, chance = curves["right"], curves["wrong"], curves["random"]
    assert right.deletion_area + 0.1 < chance.deletion_area < wrong.deletion_area
    assert right.insertion_area - 0.1 > chance.insertion_area > wrong.insertion_area


def test_curves_run_between_the_picture_and_its_blurred_version(bright_square):
    picture, square = bright_square
    model = BrightnessModel()
    blurred = F.interpolate(F.adaptive_avg_pool2d(picture[None], 4), size=(SIZE, SIZE), mode="bilinear")
    with torch.no_grad():
        ends = model(torch.cat([picture[None], blurred])).logits.softmax(dim=-1)[:, 1].numpy()
    for curve in faithfulness(model, picture, {"cam": square}, class_id=1, steps=5).values():
        assert curve.deletion.shape == curve.insertion.shape == (6,)
        np.testing.assert_allclose(curve.deletion[[0, -1]], ends, atol=1e-6)
        np.testing.assert_allclose(curve.insertion[[-1, 0]], ends, atol=1e-6)


def test_the_brightest_pixels_go_first(bright_square):
    picture, square = bright_square
    # 16 of the 256 pixels are the square: after one step of sixteen it is gone, and nothing else is.
    curve = faithfulness(BrightnessModel(), picture, {"cam": square}, class_id=1)["cam"]
    nothing_bright = 1 / (1 + np.exp(2))
    np.testing.assert_allclose(curve.deletion[1:], nothing_bright, atol=1e-6)
    np.testing.assert_allclose(curve.insertion[1:], curve.deletion[0], atol=1e-6)


@pytest.mark.parametrize("ripple", [0, 1e-5])
def test_a_constant_map_is_a_random_one(tiny, faces, ripple):
    maps = {"constant": 0.3 + ripple * np.eye(7)}
    curves = faithfulness(tiny, faces[0], maps, class_id=0, random_maps=1)
    np.testing.assert_allclose(curves["constant"].deletion, curves["random"].deletion, atol=1e-6)
    np.testing.assert_allclose(curves["constant"].insertion, curves["random"].insertion, atol=1e-6)


def test_the_seed_decides_the_random_map_and_nothing_else(tiny, faces):
    tiny.classifier.weight.data *= 100
    maps = {"cam": explain(tiny, faces[:1]).cam[0]}
    first, again, other = (faithfulness(tiny, faces[0], maps, 0, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first["random"].deletion, again["random"].deletion)
    assert np.abs(first["random"].deletion - other["random"].deletion).max() > 1e-3


def test_curves_do_not_depend_on_the_scale_of_a_map(tiny, faces):
    cam = explain(tiny, faces[:1]).cam[0]
    curves = faithfulness(tiny, faces[0], {"cam": cam, "scaled": cam * 1e-9}, class_id=0, random_maps=1)
    np.testing.assert_allclose(curves["cam"].deletion, curves["scaled"].deletion, atol=1e-6)


def test_probabilities_are_those_after_the_temperature(tiny, faces):
    tiny.config.softmax_temperature = 4.0
    curve = faithfulness(tiny, faces[0], {"cam": np.ones((8, 8))}, class_id=2, steps=1)["cam"]
    expected = (tiny(faces[:1]).logits / 4.0).softmax(dim=-1)[0, 2].item()
    assert curve.deletion[0] == pytest.approx(expected, abs=1e-6)


def test_the_area_is_the_mean_under_the_curve():
    curve = Faithfulness(deletion=np.array([1.0, 0.5, 0.0]), insertion=np.array([0.0, 1.0, 1.0]))
    assert curve.deletion_area == pytest.approx(0.5)
    assert curve.insertion_area == pytest.approx(0.75)


def test_faithfulness_leaves_a_model_in_training_as_it_was(tiny, faces):
    tiny.train()
    before, running_mean = state(tiny), tiny.features[1].running_mean.clone()
    faithfulness(tiny, faces[0], {"cam": np.ones((8, 8))}, class_id=0, steps=2)
    assert state(tiny) == before
    torch.testing.assert_close(tiny.features[1].running_mean, running_mean)


@pytest.mark.parametrize(
    "maps", [{}, {"random": np.ones((2, 2))}, {"cam": np.ones((1, 2, 2))}, {"cam": np.full((2, 2), np.nan)}]
)
def test_impossible_maps_are_refused(maps, tiny, faces):
    with pytest.raises(ValueError, match=r"maps? .*must"):
        faithfulness(tiny, faces[0], maps, class_id=0)
