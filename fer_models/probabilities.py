"""Logits -> probabilities: the softmax with the temperature of a calibration, which every answer and figure shares."""

import torch


def probabilities(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Softmax of `logits / temperature` over the last axis (Guo et al. 2017, arXiv 1706.04599, equation 9).

    Args:
        logits: `(..., C)`; half precision is computed in float32.
        temperature: above 0; 1 is the plain softmax.
    """
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    return (logits / temperature).softmax(dim=-1)


__all__ = ["probabilities"]
