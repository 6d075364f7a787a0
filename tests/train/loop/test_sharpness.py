"""Sharpness-aware minimisation: how far uphill, and what is left as it was."""

import pytest
import torch
from torch import nn

from train.loop.sharpness import uphill


def test_the_weights_move_by_the_radius_along_the_gradient_and_come_back_exactly():
    model = nn.Linear(3, 2)
    model(torch.randn(4, 3, generator=torch.Generator().manual_seed(0))).square().sum().backward()
    before = [p.detach().clone() for p in model.parameters()]
    gradients = torch.cat([p.grad.flatten() for p in model.parameters()])
    with uphill(model, 0.1):
        moved = torch.cat([(p - old).flatten() for p, old in zip(model.parameters(), before, strict=True)])
        assert moved.norm().item() == pytest.approx(0.1, rel=1e-4)
        torch.testing.assert_close(moved / moved.norm(), gradients / gradients.norm(), atol=1e-4, rtol=1e-4)
        assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True))


def test_batch_norms_see_each_batch_once():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).train()
    x = torch.randn(8, 3)
    model(x).sum().backward()
    statistics = model[1].running_mean.clone()
    with uphill(model, 0.05):
        model(x + 5).sum().backward()
    assert torch.equal(model[1].running_mean, statistics)
    assert model[1].momentum == 0.1


def test_frozen_weights_stay_where_they_are():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    model[0].requires_grad_(False)
    model(torch.ones(2, 3)).sum().backward()
    frozen, trained = model[0].weight.clone(), model[1].weight.clone()
    with uphill(model, 0.5):
        assert torch.equal(model[0].weight, frozen)
        assert not torch.equal(model[1].weight, trained)
