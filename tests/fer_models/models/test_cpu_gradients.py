"""The operations with gradients of their own, against torch's."""

import pytest
import torch
from torch.nn import functional as F

from fer_models.models.cpu_gradients import depthwise_conv, gate, prelu


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    values = torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return values.requires_grad_()


def gradients(output: torch.Tensor, *inputs: torch.Tensor) -> list[torch.Tensor]:
    weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)
    return list(torch.autograd.grad((output * weights).sum(), inputs))


def assert_same(own: torch.Tensor, theirs: torch.Tensor, *inputs: torch.Tensor) -> None:
    assert "Backward" in type(own.grad_fn).__name__ and type(own.grad_fn).__name__.startswith(
        "_"
    )  # the code under test
    torch.testing.assert_close(own, theirs)
    for mine, other in zip(gradients(own, *inputs), gradients(theirs, *inputs), strict=True):
        torch.testing.assert_close(mine, other)


def test_prelu_is_torchs():
    features, slopes = numbers(3, 5, 4, 6), numbers(5, seed=1)
    assert_same(prelu(features, slopes), F.prelu(features, slopes), features, slopes)


def test_at_zero_prelu_takes_the_slope_as_torch_does():
    features, slopes = torch.zeros(1, 2, 3, 3, requires_grad=True), torch.tensor([0.5, -2.0], requires_grad=True)
    assert_same(prelu(features, slopes), F.prelu(features, slopes), features, slopes)


def test_the_gate_is_the_product_with_two_sigmoids():
    features, rows, columns = numbers(2, 4, 6, 3), numbers(2, 4, 1, 3, seed=1), numbers(2, 1, 6, 3, seed=2)
    expected = features * torch.sigmoid(rows) * torch.sigmoid(columns)
    assert_same(gate(features, rows, columns), expected, features, rows, columns)


def test_without_a_gradient_the_gate_leaves_its_inputs_as_they_are():
    features, rows, columns = (
        tensor.detach() for tensor in (numbers(1, 2, 3, 4), numbers(1, 2, 1, 4), numbers(1, 1, 3, 4))
    )
    before = features.clone()
    torch.testing.assert_close(gate(features, rows, columns), before * torch.sigmoid(rows) * torch.sigmoid(columns))
    assert torch.equal(features, before)


def test_a_gate_that_is_shut_has_a_finite_gradient():
    features, rows = torch.ones(1, 2, 2, 1, requires_grad=True), torch.full((1, 2, 1, 1), -200.0, requires_grad=True)
    columns = torch.zeros(1, 1, 2, 1, requires_grad=True)
    for gradient in gradients(gate(features, rows, columns), features, rows, columns):
        assert torch.equal(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [(3, 3), (5, 5), (7, 7), (9, 9), (1, 7), (7, 1), (3, 4)])
@pytest.mark.parametrize("side", [14, 11])
def test_the_depthwise_convolution_is_torchs(kernel, stride, side):
    features, weight = numbers(2, 6, side, side), numbers(6, 1, *kernel, seed=1)
    strides, padding = (stride, stride), (kernel[0] // 2, kernel[1] // 2)
    expected = F.conv2d(features, weight, None, strides, padding, groups=6)
    assert_same(depthwise_conv(features, weight, strides, padding), expected, features, weight)


@pytest.mark.parametrize("frozen", [0, 1])
def test_a_depthwise_convolution_needs_only_the_gradients_that_are_asked_for(frozen):
    inputs = [numbers(2, 4, 8, 8), numbers(4, 1, 5, 5, seed=1)]
    expected = gradients(F.conv2d(*inputs, None, 1, 2, groups=4), inputs[1 - frozen])
    inputs[frozen].requires_grad_(False)
    torch.testing.assert_close(gradients(depthwise_conv(*inputs, (1, 1), (2, 2)), inputs[1 - frozen]), expected)


def test_maps_whose_channels_lie_together_stay_so():
    features = torch.randn(2, 8, 6, 6).contiguous(memory_format=torch.channels_last).requires_grad_()
    for output in (
        prelu(features, torch.rand(8)),
        depthwise_conv(features, torch.rand(8, 1, 5, 5), (1, 1), (2, 2)),
    ):
        assert output.is_contiguous(memory_format=torch.channels_last)
        (gradient,) = torch.autograd.grad(output, features, torch.ones_like(output))
        assert gradient.is_contiguous(memory_format=torch.channels_last)


def test_without_a_gradient_under_autocast_and_in_a_traced_graph_they_are_torchs_own(monkeypatch):
    features, slopes = numbers(1, 2, 3, 3), numbers(2)
    with torch.no_grad():
        assert prelu(features * 1, slopes).grad_fn is None
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert type(prelu(features, slopes).grad_fn).__name__ == "PreluKernelBackward0"
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert type(prelu(features, slopes).grad_fn).__name__ == "PreluKernelBackward0"
