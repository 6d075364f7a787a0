"""PReLU in the layout of a runtime's convolutions."""

import torch
from torch import nn


class Slopes(nn.Module):
    """PReLU on feature maps as two convolutions of size 1, `a x + (1 - a) relu(x)`: onnxruntime's own PReLU leaves the
    layout of its convolutions, which takes longer than the convolutions."""

    def __init__(self, slopes: torch.Tensor):
        super().__init__()
        below, channels = slopes.detach()[:, None, None, None], len(slopes)
        self.below = nn.Conv2d(channels, channels, 1, groups=channels, bias=False)
        self.above = nn.Conv2d(channels, channels, 1, groups=channels, bias=False)
        self.below.weight = nn.Parameter(below, requires_grad=False)
        self.above.weight = nn.Parameter(1 - below, requires_grad=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.below(features) + self.above(features.relu())


__all__ = ["Slopes"]
