"""DDAMFN's gates as runtimes want them: profiles stay `(B, C, n)`, so that nothing is transposed on the way."""

import torch
from torch import nn
from torch.nn import functional as F

from fer_models.models.modeling_ddamfn import DDAMFNForImageClassification, DualDirectionHead, MixedBottleneck


class _Gates(nn.Module):
    """`ProfileGates` whose batch norm is folded, on `(B, C, h)` and `(B, C, w)`: convolutions of size 1 on a picture
    of one column."""

    def __init__(self, gates: nn.Module):
        super().__init__()
        self.gates = gates

    def _conv(self, conv: nn.Conv1d, profiles: torch.Tensor) -> torch.Tensor:
        return F.conv2d(profiles, conv.weight[:, :, :, None], conv.bias)

    def forward(self, rows: torch.Tensor, columns: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        gates, height = self.gates, rows.shape[2]
        both = self._conv(gates.squeeze, torch.cat([rows, columns], dim=2)[..., None])
        both = gates.act(gates.norm(both))
        rows, columns = both[:, :, :height], both[:, :, height:]
        return self._conv(gates.rows, rows).sigmoid(), self._conv(gates.columns, columns).sigmoid()


class _Bottleneck(nn.Module):
    def __init__(self, block: MixedBottleneck):
        super().__init__()
        self.expand, self.depthwise, self.project = block.expand, block.depthwise, block.project
        self.gates, self.residual = _Gates(block.gates), block.residual

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        inner = self.depthwise(self.expand(features))
        rows, columns = self.gates(inner.mean(dim=3), inner.mean(dim=2))  # (B, C, h, 1) and (B, C, w, 1)
        inner = self.project(inner * rows * columns.mT)
        return features + inner if self.residual else inner


class _Head(nn.Module):
    def __init__(self, head: DualDirectionHead):
        super().__init__()
        self.rows, self.columns, self.gates = head.rows, head.columns, _Gates(head.gates)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        rows, columns = self.gates(self.rows(features).squeeze(3), self.columns(features).squeeze(2))
        return torch.cat([rows, columns], dim=3).mT  # (B, C, 2, n)


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
