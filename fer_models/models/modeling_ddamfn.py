"""DDAMFN: a mixed feature network (MFN) and a dual-direction attention network (DDAN).

Zhang, Zhang, Zhang, Wang, Song: "A Dual-Direction Attention Mixed Feature Network for Facial Expression Recognition",
Electronics 2023, 12(17), 3595, doi 10.3390/electronics12173595. Section and equation numbers below are that paper's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules.module import _has_any_global_hook
from transformers.modeling_outputs import ModelOutput

from .configuration_ddamfn import DDAMFNConfig
from .cpu_gradients import depthwise_conv, gate, prelu
from .modeling_fer import FERPreTrainedModel, answers_as_configured

JOINED = "joined attention"


@dataclass
class DDAMFNOutput(ModelOutput):
    """
    loss: scalar, cross entropy plus the weighted attention loss, when `labels` are given.
    logits: `(B, C)`, before the softmax and before the config's softmax_temperature.
    hidden_states: with `output_hidden_states`, the features before and after the attention, `(B, 512, 7, 7)` each.
    attentions: with `output_attentions`, one `(B, 512, 2, 7)` per head, in (0, 1): for each channel the vertical
        profile (one value per row, top first) and the horizontal one (one per column, left first). The head's map is
        their outer product, `dual_direction_maps` makes it.
    """

    loss: torch.FloatTensor | None = None
    logits: torch.FloatTensor | None = None
    hidden_states: tuple[torch.FloatTensor, ...] | None = None
    attentions: tuple[torch.FloatTensor, ...] | None = None


class PReLU(nn.PReLU):
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return prelu(features, self.weight)


class DepthwiseConv(nn.Conv2d):
    def __init__(self, channels: int, kernel, stride=1, padding=0):
        super().__init__(channels, channels, kernel, stride, padding, groups=channels, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return depthwise_conv(features, self.weight, self.stride, self.padding)


class ConvNorm(nn.Sequential):
    """A convolution without bias, batch norm, and PReLU where `activated`."""

    def __init__(self, conv: nn.Conv2d, activated: bool = True):
        channels = conv.out_channels
        super().__init__(conv, nn.BatchNorm2d(channels), *([PReLU(channels)] if activated else []))


class PointwiseConv1d(nn.Conv1d):
    """A convolution of size 1 over profiles, `(B, C, n)` as ever; a product where their channels lie together."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 1)

    def forward(self, profiles: torch.Tensor) -> torch.Tensor:
        return self.across(profiles.mT).mT

    def across(self, profiles: torch.Tensor) -> torch.Tensor:
        """The same of `(B, n, C)`."""
        return F.linear(profiles, self.weight.squeeze(2), self.bias)


def pointwise_conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 1, bias=False)


def _nobody_looks(modules: Iterable[nn.Module]) -> bool:
    """Whether to call these is to compute what they are here for and nothing else: no hook on one, none of them changed
    or replaced. Then it may be computed in a faster way."""
    return not _has_any_global_hook() and all(
        type(module) in (DepthwiseConv, PointwiseConv1d, nn.Hardswish)
        and not (module._forward_hooks or module._forward_pre_hooks)
        and not (module._backward_hooks or module._backward_pre_hooks)
        and "forward" not in vars(module)
        for module in modules
    )


class MixedDepthwiseConv(nn.Module):
    """Depthwise convolution whose channels have kernels of different sizes (MixConv, section 3.1).

    In evaluation the kernels are zero-padded to the largest for one convolution, unless somebody looks at one of them:
    the zeros cost less than cutting the channels apart and joining them again. The gradient of the zeros would cost
    more, so it is not for kernels that want one.
    """

    def __init__(self, kernels: list[int], split: list[int], stride: int):
        super().__init__()
        self.split = list(split)
        self.convs = nn.ModuleList(
            DepthwiseConv(channels, kernel, stride, kernel // 2)
            for kernel, channels in zip(kernels, split, strict=True)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if not self.training and _nobody_looks(self.convs):
            kernels = [conv.weight for conv in self.convs]
            if not (torch.is_grad_enabled() and any(kernel.requires_grad for kernel in kernels)):
                return self._as_one(features, kernels)
        parts = features.split(self.split, dim=1)
        return torch.cat([conv(part) for part, conv in zip(parts, self.convs, strict=True)], dim=1)

    def _as_one(self, features: torch.Tensor, kernels: list[torch.Tensor]) -> torch.Tensor:
        largest = max(kernel.shape[2] for kernel in kernels)
        margins = [(largest - kernel.shape[2]) // 2 for kernel in kernels]
        padded = [
            F.pad(kernel, [margin] * 4) if margin else kernel for kernel, margin in zip(kernels, margins, strict=True)
        ]
        weight = torch.cat(padded)  # (C, 1, K, K)
        return F.conv2d(features, weight, None, self.convs[0].stride, largest // 2, groups=len(weight))


class ProfileGates(nn.Module):
    """What coordinate attention and the dual-direction heads share: two profiles, of the rows and of the columns, are
    squeezed together and opened to the logits of one gate each. `2 x (B, n, C)` -> `2 x (B, n, C)`."""

    def __init__(self, channels: int):
        super().__init__()
        squeezed = max(8, channels // 32)
        self.squeeze = PointwiseConv1d(channels, squeezed)
        self.norm = nn.BatchNorm1d(squeezed)
        self.act = nn.Hardswish()
        self.rows = PointwiseConv1d(squeezed, channels)
        self.columns = PointwiseConv1d(squeezed, channels)

    def forward(self, rows: torch.Tensor, columns: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        both, sizes = torch.cat([rows, columns], dim=1), [rows.shape[1], columns.shape[1]]
        if _nobody_looks((self.squeeze, self.act, self.rows, self.columns)):
            both = self.squeeze.across(both)  # (B, n, C')
            both = F.hardswish(self.norm(both.flatten(0, 1))).view_as(both)
            to_rows, to_columns = both.split(sizes, dim=1)
            return self.rows.across(to_rows), self.columns.across(to_columns)
        both = self.squeeze(both.mT)  # (B, C', n)
        to_rows, to_columns = self.act(self.norm(both)).split(sizes, dim=2)
        return self.rows(to_rows).mT, self.columns(to_columns).mT


class MixedBottleneck(nn.Module):
    """1x1 convolution, mixed depthwise convolutions, coordinate attention, 1x1 convolution; plus the input where the
    shape stays (section 3.1, figure 4)."""

    def __init__(self, inputs: int, row: dict, stride: int):
        super().__init__()
        self.residual = stride == 1 and inputs == row["channels"]
        self.expand = ConvNorm(pointwise_conv(inputs, row["expansion"]))
        self.depthwise = MixedDepthwiseConv(row["kernels"], row["split"], stride)
        self.gates = ProfileGates(row["expansion"])
        self.project = ConvNorm(pointwise_conv(row["expansion"], row["channels"]), activated=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        inner = self.depthwise(self.expand(features)).permute(0, 2, 3, 1)  # (B, H, W, C)
        # not `mean`, whose gradient is divided after it is spread over the map
        rows, columns = inner.sum(dim=2) * (1 / inner.shape[2]), inner.sum(dim=1) * (1 / inner.shape[1])
        rows, columns = self.gates(rows, columns)
        inner = gate(inner, rows[:, :, None], columns[:, None])
        inner = self.project(inner.permute(0, 3, 1, 2))
        return features + inner if self.residual else inner


class MixedFeatureNet(nn.Module):
    """The backbone (section 3.1, Table 1). `(B, 3, S, S)` -> `(B, 512, S/16, S/16)`, rounded up."""

    def __init__(self, config: DDAMFNConfig):
        super().__init__()
        width = config.stem_channels
        self.stem = nn.Sequential(
            ConvNorm(nn.Conv2d(3, width, 3, stride=2, padding=1, bias=False)),
            ConvNorm(DepthwiseConv(width, 3, padding=1)),
        )
        blocks = []
        for row in config.bottlenecks or ():
            for repeat in range(row["repeats"]):
                blocks.append(MixedBottleneck(width, row, row["stride"] if repeat == 0 else 1))
                width = row["channels"]
        self.blocks = nn.Sequential(*blocks)
        self.last = ConvNorm(pointwise_conv(width, config.feature_channels))

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        if pixel_values.is_cpu:  # where the channels of a place lie together, all that follows is faster
            pixel_values = pixel_values.contiguous(memory_format=torch.channels_last)
        return self.last(self.blocks(self.stem(pixel_values)))


class DualDirectionHead(nn.Module):
    """One attention head (section 3.2): a learnt weighting of each row and of each column instead of their means, then
    the gates of coordinate attention. `(B, 512, 7, 7)` -> the vertical and the horizontal profile, `(B, 512, 2, 7)`."""

    def __init__(self, channels: int, grid: int):
        super().__init__()
        self.rows = ConvNorm(DepthwiseConv(channels, (1, grid)), activated=False)
        self.columns = ConvNorm(DepthwiseConv(channels, (grid, 1)), activated=False)
        self.gates = ProfileGates(channels)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        logits = self.gates(self.rows(features).squeeze(3).mT, self.columns(features).squeeze(2).mT)
        return torch.stack(logits, dim=1).sigmoid().permute(0, 3, 1, 2)


def dual_direction_maps(profiles: torch.Tensor) -> torch.Tensor:
    """Vertical and horizontal profiles `(..., 2, n)` -> their outer product `(..., n, n)`."""
    return profiles[..., 0, :, None] * profiles[..., 1, None, :]


def attention_loss(maps: list[torch.Tensor], eps: float) -> torch.Tensor:
    """How much the heads agree: the number of pairs over the sum of their mean squared differences (section 3.3,
    equation 4). 0 for one head, at most pairs / eps. `maps`: one `(B, 512, 7, 7)` per head."""
    pairs = list(combinations(maps, 2))
    if not pairs:
        return maps[0].new_zeros(())
    return len(pairs) / (sum(F.mse_loss(a.float(), b.float()) for a, b in pairs) + eps)


class DDAMFNPreTrainedModel(FERPreTrainedModel):
    config_class = DDAMFNConfig

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Conv1d, nn.Conv2d)):
            # He et al. 2015. torch's own counts all channels for a depthwise kernel, which then starts near zero.
            fan_out = module.out_channels * module.weight[0, 0].numel() // module.groups
            nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.PReLU):
            nn.init.constant_(module.weight, 0.25)
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.reset_parameters()


class DDAMFNForImageClassification(DDAMFNPreTrainedModel):
    """
    DDAMFN. The attention loss, which pushes the heads apart, is part of the loss of `forward`.

    The heads and the pooling have a weight for each row and column of a 7 x 7 feature map, which a 112 x 112 input
    gives. From another input the features are resized (bilinearly) to that grid, so that small and cheap inputs can
    train all weights; the published network takes 112 x 112 only.

    Example:
        >>> import torch
        >>> from fer_models import DDAMFNConfig, DDAMFNForImageClassification
        >>> model = DDAMFNForImageClassification(DDAMFNConfig(num_labels=7)).eval()
        >>> model(torch.zeros(2, 3, 112, 112)).logits.shape
        torch.Size([2, 7])
    """

    def __init__(self, config: DDAMFNConfig):
        super().__init__(config)
        channels, grid = config.feature_channels, config.attention_grid
        self.backbone = MixedFeatureNet(config)
        self.heads = nn.ModuleList(DualDirectionHead(channels, grid) for _ in range(config.num_heads))
        self.pool = ConvNorm(DepthwiseConv(channels, grid), activated=False)
        self.classifier = nn.Linear(channels, config.num_labels)
        self.post_init()

    def _head_names(self) -> list[str]:
        return [f"attention head {number}" for number in range(1, self.config.num_heads + 1)]

    @property
    def attention_meanings(self) -> dict[str, str]:
        one = (
            "How much of the features this head lets through at each place, 0 to 1, the mean over the channels. In "
            "each channel it is a vertical profile times a horizontal one; the edges show the profiles' means."
        )
        joined = (
            "How much the network really lets through: at each place and channel the head that lets through the most."
        )
        heads = dict.fromkeys(self._head_names(), one)
        return heads | {JOINED: joined} if len(heads) > 1 else heads

    @property
    def attention_kinds(self) -> dict[str, str]:
        return dict.fromkeys(self.attention_meanings, "heat")

    def attention_maps(self, output: DDAMFNOutput) -> dict[str, torch.Tensor]:
        """Maps for people, from an output that was made with `output_attentions=True`: each head's and, of two heads
        or more, the joined one, `(B, 7, 7)` in (0, 1), the mean over the channels."""
        if not output.attentions:
            return {}
        maps = [dual_direction_maps(profiles) for profiles in output.attentions]  # (B, 512, 7, 7) each
        shown = dict(zip(self._head_names(), (head.mean(dim=1) for head in maps), strict=True))
        if len(maps) > 1:
            shown[JOINED] = torch.stack(maps).amax(dim=0).mean(dim=1)
        return shown

    def attention_profiles(self, output: DDAMFNOutput) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """Each head's vertical and horizontal profile, `(B, 7)` each, the mean over the channels. Their product is not
        quite the head's map, which is the mean of the channels' products."""
        if not output.attentions:
            return {}
        means = [profiles.mean(dim=1).unbind(dim=1) for profiles in output.attentions]
        return dict(zip(self._head_names(), means, strict=True))

    @answers_as_configured
    def forward(
        self,
        pixel_values: torch.Tensor,
        labels: torch.Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        **kwargs,
    ) -> DDAMFNOutput:
        """
        Args:
            pixel_values: `(B, 3, S, S)`, RGB, normalised by ImageNet's mean and standard deviation (what the
                checkpoint's image processor makes).
            labels: `(B,)` class ids, or `(B, C)` vote shares that sum to 1 (soft labels).
            output_attentions, output_hidden_states: also return what `DDAMFNOutput` documents under these names.
        """
        features = self.backbone(pixel_values)  # (B, 512, 7, 7)
        grid = (self.config.attention_grid,) * 2
        if features.shape[2:] != grid:
            features = F.interpolate(features, grid, mode="bilinear")
        profiles = [head(features) for head in self.heads]  # (B, 512, 2, 7) each
        maps = [dual_direction_maps(head) for head in profiles]
        joined = maps[0]
        for head in maps[1:]:
            joined = torch.maximum(joined, head)  # the most salient head wins, place by place
        attended = features * joined
        logits = self.classifier(self.pool(attended).flatten(1))  # (B, C)
        loss = None
        if labels is not None:
            distance = attention_loss(maps, self.config.attention_loss_eps)
            loss = F.cross_entropy(logits, labels) + self.config.attention_loss_weight * distance  # equation 5
        return DDAMFNOutput(
            loss=loss,
            logits=logits,
            hidden_states=(features, attended) if output_hidden_states else None,
            attentions=tuple(profiles) if output_attentions else None,
        )


__all__ = ["DDAMFNForImageClassification", "DDAMFNOutput", "DDAMFNPreTrainedModel", "dual_direction_maps"]
