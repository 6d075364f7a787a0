"""Is a map about what the model has learned? The same map of the same network with random weights."""

import copy
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import nn

from fer_models.explain import Explanation, explain
from fer_models.fork import alone_with

Network = TypeVar("Network", bound=nn.Module)


def randomized_explanation(
    model: nn.Module,
    pixel_values: torch.Tensor,
    method: str = "gradcam",
    class_ids: Sequence[int] | torch.Tensor | None = None,
    seed: int = 0,
) -> Explanation:
    """The sanity check of Adebayo et al. 2018 (arXiv 1810.03292): what `explain` gives for the same network with random
    weights. A map that looks much the same then was never about what the model has learned.

    The weights of a copy are drawn anew (normal, He scale, by `seed`), biases are zero and batch norms as new;
    learned slopes and single numbers stay. Pass the `class_ids` of the map to compare with, as the random network has
    other answers. Arguments and errors as in `explain`.
    """
    return explain(randomized(model, seed), pixel_values, method, class_ids)


@torch.no_grad()
def randomized(model: Network, seed: int = 0) -> Network:
    """A copy of a network with random weights, as `randomized_explanation` says."""
    with alone_with(model):
        network = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._NormBase):
            module.reset_parameters()
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1:
            fan_in = parameter[0].numel()
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * (2 / fan_in) ** 0.5)
        elif name.endswith("bias"):
            parameter.zero_()
    return network


__all__ = ["randomized", "randomized_explanation"]
