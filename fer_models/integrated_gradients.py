"""Integrated gradients from the blurred face to the face: which places move the answer as their detail comes back.

Sundararajan et al. 2017 (arXiv 1703.01365, equation 1), in few steps and with the blurred face as the baseline, whose
light is that of the face (Sturmfels et al. 2020, doi 10.23915/distill.00022, compare baselines). Unlike the Grad-CAM
family this looks at pixels, not at a layer's features.
"""

import torch
from torch import nn
from torch.nn import functional as F

from fer_models.integrated_numpy import BLUR_CELLS, CELLS, ROUNDING, STEPS


def blurred(pixel_values: torch.Tensor) -> torch.Tensor:
    """`(B, 3, S, S)`: the mean of each of `BLUR_CELLS` x `BLUR_CELLS` cells, enlarged again."""
    cells = F.adaptive_avg_pool2d(pixel_values, BLUR_CELLS)
    return F.interpolate(cells, size=pixel_values.shape[-2:], mode="bilinear")


def integrated_gradients(model: nn.Module, pixel_values: torch.Tensor, class_ids: torch.Tensor) -> torch.Tensor:
    """What each place adds to the log-probability of the class on the way from the blurred face to the face.

    The gradient is taken in the middle of `STEPS` equal parts of the way. Its product with the difference of the two
    pictures is summed over channels and averaged over cells and their neighbours (weights 1, 2, 1 a side).

    Args:
        model: with frozen parameters, in evaluation mode. pixel_values: `(B, 3, S, S)`. class_ids: `(B,)`.

    Returns:
        `(B, CELLS, CELLS)` float32; negative where detail speaks against the class.
    """
    start = blurred(pixel_values)
    way = pixel_values - start
    way = torch.where(way.abs() > ROUNDING, way, 0.0)  # or a face without any detail would have a map of rounding
    total = torch.zeros_like(way)
    for step in range(STEPS):
        picture = (start + (step + 0.5) / STEPS * way).detach().requires_grad_()
        score = model(picture).logits.float().log_softmax(dim=-1).gather(1, class_ids[:, None]).sum()
        total += torch.autograd.grad(score, picture)[0]
    cells = F.adaptive_avg_pool2d((total * way / STEPS).sum(dim=1, keepdim=True).float(), CELLS)
    weights = torch.tensor([1.0, 2.0, 1.0], device=cells.device)
    kernel = (weights[:, None] * weights / 16)[None, None]
    return F.conv2d(F.pad(cells, (1, 1, 1, 1), mode="replicate"), kernel)[:, 0].detach()


__all__ = ["blurred", "integrated_gradients"]
