"""Random masks, of a network whose answer is known."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from train.measure.references import CELLS, random_masks

SIDE = 56


class Corner(nn.Module):
    """Class 1 is light in the upper left quarter; the rest counts for nothing."""

    config = SimpleNamespace(softmax_temperature=1.0)

    def forward(self, pixel_values):
        light = pixel_values[:, :, : SIDE // 2, : SIDE // 2].mean(dim=(1, 2, 3))
        return SimpleNamespace(logits=torch.stack([-4 * light, 4 * light], dim=1))


def test_random_masks_find_the_quarter_that_the_answer_rests_on():
    values = random_masks(Corner(), torch.ones(3, SIDE, SIDE), 1)
    half = CELLS // 2
    quarter = values[:half, :half]
    rest = np.concatenate([values[half:].ravel(), values[:half, half:].ravel()])
    assert values.shape == (CELLS, CELLS) and quarter.mean() > rest.mean() + 3 * rest.std()


def test_of_the_class_that_light_speaks_against_the_map_is_the_other_way_round():
    light, dark = (random_masks(Corner(), torch.ones(3, SIDE, SIDE), class_id) for class_id in (1, 0))
    assert light + dark == pytest.approx(np.ones((CELLS, CELLS)), abs=1e-5)
