"""Logits -> probabilities: the softmax with the temperature of a calibration, which every answer and figure shares."""

from collections.abc import Sequence

import torch


def probabilities(logits: torch.Tensor, temperature: float, priors: Sequence[float] | None = None) -> torch.Tensor:
    """Softmax of `logits / temperature` over the last axis (Guo et al. 2017, arXiv 1706.04599, equation 9).

    Args:
        logits: `(..., C)`; half precision is computed in float32.
        temperature: above 0; 1 is the plain softmax.
        priors: how common each class was in training, C shares above 0. They are divided out, as for a world in which
            all classes are equally likely (Menon et al. 2021, arXiv 2007.07314, equation 8 with tau 1).
    """
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    scaled = logits / temperature
    if priors is not None:
        scaled = scaled - torch.tensor(priors, dtype=scaled.dtype, device=scaled.device).log()
    return scaled.softmax(dim=-1)


__all__ = ["probabilities"]
