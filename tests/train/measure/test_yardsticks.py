"""The dearer yardsticks of a map, on a network that looks at one place."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from transformers.modeling_outputs import ImageClassifierOutput

from train.measure.yardsticks import PARTS, max_sensitivity, part_agreement, part_effects, part_masks

SIDE = 56
MOUTH = list(PARTS).index("mouth")


class MouthModel(nn.Module):
    """Class 1 is the contrast of the pixels of the mouth; the rest counts for nothing."""

    def __init__(self):
        super().__init__()
        self.config = SimpleNamespace(softmax_temperature=1.0)
        signs = 2.0 * (torch.arange(SIDE) % 2) - 1
        self.register_buffer("weights", signs * torch.from_numpy(part_masks(SIDE)[MOUTH]))

    def forward(self, pixel_values):
        score = 4 * (pixel_values.mean(dim=1) * self.weights).sum(dim=(1, 2)) / self.weights.abs().sum()
        return ImageClassifierOutput(logits=torch.stack([torch.zeros_like(score), score], dim=1))


@pytest.fixture
def effects():
    stripes = (torch.arange(SIDE) % 2).float().expand(3, SIDE, SIDE)
    return part_effects(SimpleNamespace(model=MouthModel()), stripes, 1)


def test_hiding_a_part_that_the_answer_rests_on_lowers_it_and_no_other_part_does(effects):
    assert effects[MOUTH] > 0.1
    above = [list(PARTS).index(name) for name in ("eye on the left", "eye on the right", "forehead")]
    np.testing.assert_allclose(effects[above], 0, atol=1e-6)  # the other parts touch the mouth


def test_a_map_of_that_part_agrees_and_its_inverse_does_not(effects):
    mouth = part_masks(SIDE)[MOUTH].astype(float)
    assert part_agreement(mouth, effects) > 0.5 > -0.5 > part_agreement(1 - mouth, effects)


def test_a_map_that_is_the_same_everywhere_agrees_with_nothing(effects):
    assert part_agreement(np.full((7, 7), 0.3), effects) == 0.0


def test_a_map_that_ignores_the_picture_is_not_changed_by_noise_and_one_that_copies_it_is():
    pixels = torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    assert max_sensitivity(lambda faces: np.ones((len(faces), 7, 7)), pixels) == 0
    copied = max_sensitivity(lambda faces: faces.mean(dim=1).numpy(), pixels)
    assert 0.01 < copied < 0.1  # noise of at most 0.05 on pixels of about 0.5, averaged over three channels


def test_the_parts_lie_within_the_face_and_apart_from_their_mirror_images():
    masks = part_masks(SIDE)
    assert masks.any(axis=(1, 2)).all()
    names = list(PARTS)
    left, right = (masks[names.index(f"cheek on the {side}")] for side in ("left", "right"))
    np.testing.assert_array_equal(left[:, ::-1], right)
