"""The mean of the weights of several stages, with batch statistics of its own."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from train.averaged_stages import average_stages
from train.recipe import ConfigError, Recipe, Stage

PICTURES = list(torch.arange(130.0).view(130, 1, 1, 1) ** 2)  # two more than two batches, which are left out


def network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))


def collate(pictures: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    return {"pixel_values": torch.stack(pictures)}


@pytest.fixture
def files(tmp_path):
    """Two ends: 1 x and 3 x + 4, whose batch statistics are of other pictures."""
    found = []
    for weight, bias in ((1.0, 0.0), (3.0, 4.0)):
        model = network()
        model[0].weight.data.fill_(weight)
        model[0].bias.data.fill_(bias)
        model[1].running_mean.fill_(100 * weight)
        save_file(model.state_dict(), tmp_path / f"{weight}.safetensors")
        found.append(tmp_path / f"{weight}.safetensors")
    return found


def test_the_weights_are_the_mean_and_the_statistics_those_of_the_features_that_it_makes(files):
    model = network()
    average_stages(model, files, PICTURES, collate, progress=False)
    assert model[0].weight.item() == 2 and model[0].bias.item() == 2
    features = 2 * torch.stack(PICTURES).flatten() + 2
    assert model[1].running_mean.item() == pytest.approx(features[:128].mean().item())
    assert not model.training


def test_a_few_pictures_are_one_batch(files):
    model = network()
    average_stages(model, files, PICTURES[:3], collate, progress=False)
    assert model[1].running_mean.item() == pytest.approx(2 * (0 + 1 + 4) / 3 + 2)


def test_the_stages_are_named_and_more_than_one():
    stages = [Stage("a", 1, 0.1), Stage("b", 1, 0.1)]
    with pytest.raises(ConfigError, match="average_stages"):
        Recipe(stages=stages, average_stages=["a", "c"])
    with pytest.raises(ConfigError, match="two stages or more"):
        Recipe(stages=stages, average_stages=["a"])
