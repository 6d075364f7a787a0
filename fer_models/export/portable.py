"""A network of modules that runtimes know, without a batch norm."""

import torch
from torch import nn

from fer_models.export.ddamfn import make_portable
from fer_models.export.slopes import Slopes
from fer_models.folding import NORMS, folded, picture_for, replace, require_alike
from fer_models.models import modeling_ddamfn as ddamfn
from fer_models.models.modeling_fer import FERPreTrainedModel


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


def _axes_of_norms(network: nn.Module, pixel_values: torch.Tensor) -> dict[str, int]:
    """Each batch norm's name -> the number of axes of what it gets."""
    axes: dict[str, int] = {}
    handles = [
        module.register_forward_hook(lambda _, inputs, output, name=name: axes.update({name: inputs[0].ndim}))
        for name, module in network.named_modules()
        if isinstance(module, NORMS)
    ]
    network(pixel_values)
    for handle in handles:
        handle.remove()
    return axes


@torch.no_grad()
def portable(model: FERPreTrainedModel, checked: bool = True) -> FERPreTrainedModel:
    """A copy of a network on the CPU that answers alike.

    Args:
        checked: as for `folded`.

    Raises:
        FoldingError: it does not.
    """
    network = folded(model, checked)
    pixel_values = picture_for(model)
    expected = network(pixel_values).logits
    for name, ndim in _axes_of_norms(network, pixel_values).items():
        norm = network.get_submodule(name)
        affine, activation = _Affine(norm, ndim), getattr(norm, "act", None)  # timm's norms hold their activation
        replace(network, name, affine if activation is None else nn.Sequential(affine, activation))
    for name, module in list(network.named_modules()):
        if isinstance(module, ddamfn.PReLU):
            replace(network, name, Slopes(module.weight))
        elif isinstance(module, nn.Linear):
            replace(network, name, _Product(module))
    if isinstance(network, ddamfn.DDAMFNForImageClassification):
        make_portable(network)
    if checked:
        require_alike(network, pixel_values, expected)
    return network


__all__ = ["portable"]
