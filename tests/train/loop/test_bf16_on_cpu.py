"""The faster ways of bfloat16 on a CPU give what the usual ways give."""

import copy

import pytest
import timm
import torch
from torch import nn

from train.loop.bf16_on_cpu import quicken


def gradients(model: nn.Module, features: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The output, and the gradients of a loss that weighs each of its values differently."""
    features = features.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        output = model(features)
    weights = torch.linspace(-1, 1, output.numel()).view_as(output)
    return output.float(), *torch.autograd.grad((output.float() * weights).sum(), [features, *model.parameters()])


def depthwise(side: int, same: bool) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    if same:
        conv = timm.layers.create_conv2d(16, 16, 3, stride=2, padding="same", depthwise=True)
    else:
        conv = nn.Conv2d(16, 16, 3, stride=2, padding=1, groups=16, bias=False)
    return conv, torch.randn(2, 16, side, side).to(memory_format=torch.channels_last)


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("side", [3, 7, 8])
def test_a_strided_depthwise_convolution_keeps_its_values_and_gradients(side, same):
    conv, features = depthwise(side, same)
    quick = copy.deepcopy(conv)
    quicken(quick)
    assert "forward" in vars(quick)
    for own, usual in zip(gradients(quick, features), gradients(conv, features), strict=True):
        torch.testing.assert_close(own, usual, rtol=0.02, atol=0.02 * usual.abs().max().item())


def test_a_wide_pointwise_convolution_keeps_its_values_and_gradients():
    torch.manual_seed(0)
    conv = nn.Conv2d(512, 32, 1, bias=False)
    quick = copy.deepcopy(conv)
    quicken(quick)
    assert "forward" in vars(quick)
    features = torch.randn(2, 512, 3, 3).to(memory_format=torch.channels_last)
    for own, usual in zip(gradients(quick, features), gradients(conv, features), strict=True):
        torch.testing.assert_close(own, usual, rtol=0.02, atol=0.02 * usual.abs().max().item())


def test_without_a_gradient_or_in_float32_it_is_the_layer_itself():
    conv, features = depthwise(8, same=True)
    quick = copy.deepcopy(conv)
    quicken(quick)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(quick(features), conv(features))
    assert torch.equal(quick(features), conv(features))


def test_a_copy_of_a_quickened_model_has_weights_of_its_own():
    conv, features = depthwise(8, same=True)
    quicken(conv)
    twin = copy.deepcopy(conv)
    nn.init.zeros_(twin.weight)
    with torch.autocast("cpu", torch.bfloat16):
        assert not twin(features.requires_grad_()).any()
        assert conv(features).any()
