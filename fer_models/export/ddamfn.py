"""DDAMFN's gates as runtimes want them: profiles stay pictures of one column or row, which no block transposes."""

import torch
from torch import nn
from torch.nn import functional as F

from fer_models.models.modeling_ddamfn import DDAMFNForImageClassification, DualDirectionHead, MixedBottleneck


class _Gates(nn.Module):
    """`ProfileGates` whose batch norm is folded, on `(B, C, h, 1)` and `(B, C, 1, w)`: each profile is convolved by
    itself, so that it need not be turned to be joined with the other."""

    def __init__(self, gates: nn.Module):
        super().__init__()
        self.gates = gates

    def _conv(self, conv: nn.Conv1d, profile: torch.Tensor) -> torch.Tensor:
        return F.conv2d(profile, conv.weight[:, :, :, None], conv.bias)

    def _gate(self, profile: torch.Tensor, opening: nn.Conv1d) -> torch.Tensor:
        squeezed = self.gates.act(self.gates.norm(self._conv(self.gates.squeeze, profile)))
        return self._conv(opening, squeezed).sigmoid()

    def forward(self, rows: torch.Tensor, columns: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self._gate(rows, self.gates.rows), self._gate(columns, self.gates.columns)


class _Bottleneck(nn.Module):
    def __init__(self, block: MixedBottleneck):
        super().__init__()
        self.expand, self.depthwise, self.project = block.expand, block.depthwise, block.project
        self.gates, self.residual = _Gates(block.gates), block.residual

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        inner = self.depthwise(self.expand(features))
        height, width = inner.shape[2:]
        # not `mean`: onnxruntime pools in the layout of its convolutions, and leaves it for a mean
        rows, columns = self.gates(F.avg_pool2d(inner, (1, width)), F.avg_pool2d(inner, (height, 1)))
        inner = self.project(inner * rows * columns)
        return features + inner if self.residual else inner


class _Head(nn.Module):
    def __init__(self, head: DualDirectionHead):
        super().__init__()
        self.rows, self.columns, self.gates = head.rows, head.columns, _Gates(head.gates)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        rows, columns = self.gates(self.rows(features), self.columns(features))
        return torch.cat([rows.mT, columns], dim=2)  # (B, C, 2, n)


def _resize_by_products(model: DDAMFNForImageClassification) -> None:
    """Lay the features on the heads' grid by two matrix products: the gradient of torch's resizing writes into places
    by their number, which few runtimes can."""
    grid, picture = model.config.attention_grid, (1, 3, model.config.image_size, model.config.image_size)
    side = model.backbone(torch.zeros(picture)).shape[2]
    if side == grid:
        return
    matrix = F.interpolate(torch.eye(side)[None, None], (grid, side), mode="bilinear")[0, 0]  # (grid, side)
    columns = matrix.T.contiguous()
    model.backbone.register_forward_hook(
        lambda module, inputs, features: torch.matmul(torch.matmul(matrix, features), columns)
    )


def make_portable(model: DDAMFNForImageClassification) -> None:
    """Give a folded network blocks, heads and a resizing that work so."""
    for number, block in enumerate(model.backbone.blocks):
        model.backbone.blocks[number] = _Bottleneck(block)
    for number, head in enumerate(model.heads):
        model.heads[number] = _Head(head)
    _resize_by_products(model)


__all__ = ["make_portable"]
