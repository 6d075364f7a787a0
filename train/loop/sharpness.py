"""Sharpness-aware minimisation: gradients from the worst point nearby (Foret et al. 2021, arXiv 2010.01412)."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def uphill(model: nn.Module, radius: float) -> Generator[None]:
    """Inside, the weights are moved by `radius` along the gradients that they have, these are cleared, and batch norms
    keep their statistics; afterwards the weights are exactly where they were, with the gradients of the moved ones."""
    moved = [p for p in model.parameters() if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(p.grad) for p in moved]))
    before = [p.detach().clone() for p in moved]
    norms = [(m, m.momentum) for m in model.modules() if isinstance(m, _BatchNorm)]
    with torch.no_grad():
        for p in moved:
            p.add_(p.grad, alpha=float(radius / (norm + 1e-12)))
            p.grad = None
    for module, _ in norms:
        module.momentum = 0.0
    try:
        yield
    finally:
        for module, momentum in norms:
            module.momentum = momentum
        with torch.no_grad():
            for p, old in zip(moved, before, strict=True):
                p.copy_(old)


__all__ = ["uphill"]
