"""A network for inference alone: batch norms folded into the convolutions before them.

What a batch norm follows is seen in a forward pass, not guessed from the order of modules.
"""

import copy

import torch
from torch import nn
from torch.nn.utils import skip_init
from torch.nn.utils.fusion import fuse_conv_bn_weights

from fer_models.models import modeling_ddamfn as ddamfn
from fer_models.models.modeling_fer import FERPreTrainedModel

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
TOLERANCE = 1e-4  # of the largest logit


class FoldingError(RuntimeError):
    """A folded network answers something else; the message says by how much."""


def replace(network: nn.Module, name: str, module: nn.Module) -> None:
    """Put the module in the place of that name."""
    parent, _, last = name.rpartition(".")
    setattr(network.get_submodule(parent), last, module)


def picture_for(model: FERPreTrainedModel) -> torch.Tensor:
    """Noise of the size that the network takes, always the same; two pictures, as one is no batch."""
    side = model.config.image_size
    generator = torch.Generator("cpu").manual_seed(0)
    return torch.randn(2, 3, side, side, generator=generator, dtype=torch.float32, device="cpu")


def require_alike(network: nn.Module, pixel_values: torch.Tensor, expected: torch.Tensor) -> None:
    """The network must answer as before it was changed.

    Raises:
        FoldingError: it does not.
    """
    difference = float((network(pixel_values).logits - expected).abs().max() / expected.abs().max().clamp(min=1))
    if not difference <= TOLERANCE:
        raise FoldingError(f"folding the batch norms of {type(network).__name__} moves a logit by {difference:.2g}")


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
    shape = (channels, channels, weight.shape[2:], stride, padding)
    conv = skip_init(nn.Conv2d, *shape, groups=channels, bias=False)  # which leaves the random numbers alone
    conv.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
    return conv


def _norms_of(network: nn.Module, pixel_values: torch.Tensor) -> dict[str, str]:
    """Name of a batch norm -> that of the convolution whose output is its input."""
    names = {module: name for name, module in network.named_modules()}
    made: dict[int, list] = {}
    pairs, calls = {}, dict.fromkeys(names.values(), 0)

    def after(module, inputs, output):
        calls[names[module]] += 1
        if isinstance(module, CONVOLUTIONS):
            made[id(output)] = [names[module], output]  # kept, so that no other tensor gets its id
        elif id(inputs[0]) in made:
            pairs[names[module]] = made[id(inputs[0])][0]

    handles = [m.register_forward_hook(after) for m in network.modules() if isinstance(m, CONVOLUTIONS + NORMS)]
    try:
        network(pixel_values)
    finally:
        for handle in handles:
            handle.remove()
    return {norm: conv for norm, conv in pairs.items() if calls[norm] == calls[conv] == 1}


@torch.inference_mode(False)  # a tensor that is made under it can be no part of a gradient later
@torch.no_grad()
@torch.autocast("cpu", enabled=False)
def folded(model: FERPreTrainedModel, checked: bool = True) -> FERPreTrainedModel:
    """A copy of a network on the CPU, in evaluation mode, that answers alike in fewer steps. Its config is its model's,
    and the modules that are left have their names. The output of the CAM layer stays what it is.

    Args:
        checked: whether that is tested. A network with random weights may magnify rounding until no two ways to compute
            it agree.

    Raises:
        FoldingError: it does not answer alike.
    """
    network = copy.deepcopy(model).eval().requires_grad_(False)
    network.config, cam_layer = model.config, model.config.cam_layer
    for module in network.modules():  # hooks are about the model
        for hooks in (module._forward_hooks, module._forward_pre_hooks):
            hooks.clear()
    pixel_values = picture_for(model)
    expected = network(pixel_values).logits
    for name, module in list(network.named_modules()):
        if cam_layer.startswith(f"{name}."):
            continue
        if isinstance(module, ddamfn.MixedDepthwiseConv):
            replace(network, name, _mixed(module))
        elif isinstance(module, ddamfn.DepthwiseConv) and ".convs." not in name:
            replace(network, name, _depthwise(module.weight, module.stride, module.padding))
    for norm_name, conv_name in _norms_of(network, pixel_values).items():
        ends_inside = f"{conv_name}.".startswith(f"{cam_layer}.") and not f"{norm_name}.".startswith(f"{cam_layer}.")
        if ends_inside or cam_layer.startswith(f"{norm_name}."):
            continue
        norm, conv = network.get_submodule(norm_name), network.get_submodule(conv_name)
        statistics = (norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
        conv.weight, conv.bias = fuse_conv_bn_weights(conv.weight, conv.bias, *statistics)
        replace(network, norm_name, getattr(norm, "act", nn.Identity()))  # timm's norms hold their activation
    if checked:
        require_alike(network, pixel_values, expected)
    return network


__all__ = ["NORMS", "FoldingError", "folded", "picture_for", "replace", "require_alike"]
