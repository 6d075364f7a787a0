"""A network for inference alone: batch norms folded into the convolutions before them, and modules that runtimes know.

What a batch norm follows is seen in a forward pass, not guessed from the order of modules.
"""

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from fer_models.export.ddamfn import make_portable
from fer_models.export.slopes import Slopes
from fer_models.models import modeling_ddamfn as ddamfn
from fer_models.models.modeling_fer import FERPreTrainedModel

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
TOLERANCE = 1e-4  # of the largest logit


class FoldingError(RuntimeError):
    """A folded network answers something else; the message says by how much."""


class _Affine(nn.Module):
    """A batch norm in evaluation, over the second axis.

    Of `(B, C, n)` it is taken along the last one: around such a norm tokens are transposed to and fro, which cancels
    itself then, and LiteRT's converter 0.10 loses such transposes where they stay.
    """

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d, ndim: int):
        super().__init__()
        self.of_tokens = ndim == 3
        ndim = 2 if self.of_tokens else ndim
        scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
        shape = (-1, *[1] * (ndim - 2))
        self.register_buffer("scale", scale.detach().reshape(shape))
        self.register_buffer("shift", (norm.bias - norm.running_mean * scale).detach().reshape(shape))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if self.of_tokens:
            return (features.transpose(1, 2) * self.scale + self.shift).transpose(1, 2)
        return features * self.scale + self.shift


class _Product(nn.Module):
    """A linear layer as a product and a sum: of more than two axes torch's own adds in place on a view, which has no
    counterpart in a graph."""

    def __init__(self, linear: nn.Linear):
        super().__init__()
        self.register_buffer("weight", linear.weight.detach().T.contiguous())
        self.register_buffer("bias", linear.bias.detach())

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return torch.matmul(tokens, self.weight) + self.bias


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, module)


def _norms_of(model: nn.Module, pixel_values: torch.Tensor) -> tuple[dict[str, str], dict[str, int]]:
    """Name of a batch norm -> that of the convolution whose output is its input; and each norm's number of axes."""
    names = {module: name for name, module in model.named_modules()}
    made: dict[int, list] = {}
    pairs, axes, calls = {}, {}, dict.fromkeys(names.values(), 0)

    def after(module, inputs, output):
        calls[names[module]] += 1
        if isinstance(module, CONVOLUTIONS):
            made[id(output)] = [names[module], output]  # kept, so that no other tensor gets its id
        else:
            axes[names[module]] = inputs[0].ndim
            if id(inputs[0]) in made:
                pairs[names[module]] = made[id(inputs[0])][0]

    handles = [m.register_forward_hook(after) for m in model.modules() if isinstance(m, CONVOLUTIONS + NORMS)]
    try:
        model(pixel_values)
    finally:
        for handle in handles:
            handle.remove()
    return {norm: conv for norm, conv in pairs.items() if calls[norm] == calls[conv] == 1}, axes


def _mixed(module: ddamfn.MixedDepthwiseConv) -> nn.Conv2d:
    """One depthwise convolution: the kernels zero-padded to the largest. The zeros cost less than cutting the channels
    apart and joining them again."""
    largest = max(conv.kernel_size[0] for conv in module.convs)
    weight = torch.cat(
        [nn.functional.pad(conv.weight, [(largest - conv.kernel_size[0]) // 2] * 4) for conv in module.convs]
    )
    return _depthwise(weight, module.convs[0].stride, (largest // 2, largest // 2))


def _depthwise(weight: torch.Tensor, stride: tuple[int, int], padding: tuple[int, int]) -> nn.Conv2d:
    channels = len(weight)
    conv = nn.Conv2d(channels, channels, weight.shape[2:], stride, padding, groups=channels, bias=False)
    conv.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
    return conv


@torch.no_grad()
def folded(model: FERPreTrainedModel) -> FERPreTrainedModel:
    """A copy of the network, in evaluation mode, that answers alike in fewer steps.

    Raises:
        FoldingError: it does not.
    """
    network = copy.deepcopy(model).eval().requires_grad_(False)
    side = model.config.image_size
    pixel_values = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    expected = network(pixel_values).logits
    for name, module in list(network.named_modules()):
        if isinstance(module, ddamfn.MixedDepthwiseConv):
            _replace(network, name, _mixed(module))
        elif isinstance(module, ddamfn.DepthwiseConv) and ".convs." not in name:
            _replace(network, name, _depthwise(module.weight, module.stride, module.padding))
        elif isinstance(module, ddamfn.PReLU):
            _replace(network, name, Slopes(module.weight))
    pairs, axes = _norms_of(network, pixel_values)
    for name, ndim in axes.items():
        norm = network.get_submodule(name)
        if name in pairs:
            conv = network.get_submodule(pairs[name])
            statistics = (norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
            conv.weight, conv.bias = fuse_conv_bn_weights(conv.weight, conv.bias, *statistics)
            affine: nn.Module = nn.Identity()
        else:
            affine = _Affine(norm, ndim)
        activation = getattr(norm, "act", None)  # timm's norms hold their activation
        _replace(network, name, affine if activation is None else nn.Sequential(affine, activation))
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.Linear):
            _replace(network, name, _Product(module))
    if isinstance(network, ddamfn.DDAMFNForImageClassification):
        make_portable(network)
    difference = float((network(pixel_values).logits - expected).abs().max() / expected.abs().max().clamp(min=1))
    if not difference <= TOLERANCE:
        raise FoldingError(f"folding the batch norms of {type(model).__name__} moves a logit by {difference:.2g}")
    return network


__all__ = ["FoldingError", "folded"]
