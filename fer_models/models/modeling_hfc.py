"""HFC: ResNet18 or MobileNetV2 with spatial attention from high-frequency components.

Kim and Jo: "Spatial Attention Network with High Frequency Component for Facial Expression Recognition", 2024. Section
and equation numbers below are that paper's. BAM, which it compares with, is Park et al. 2018, arXiv 1807.06514.
"""

from dataclasses import dataclass
from typing import ClassVar

import timm
import torch
from torch import nn
from torch.nn import functional as F
from transformers.modeling_outputs import ModelOutput

from .configuration_hfc import FILTERS, HFCConfig
from .modeling_fer import FERPreTrainedModel, answers_as_configured
from .singular_values import singular_values

HIGH_FREQUENCIES = "high frequencies"


def high_pass_filter(size: int, shape: str, cutoff: float, device: torch.device | str | None = None) -> torch.Tensor:
    """The filter H of equation 2 over the frequencies of `torch.fft.rfft2`, `(size, size // 2 + 1)`, in [0, 1].

    Args:
        size: side of the map in places.
        shape: `"ideal"` is 0 up to the cut-off and 1 above; `"gaussian"` is 1 - exp(-r^2 / 2 cutoff^2) and
            `"butterworth"` 1 / (1 + (cutoff / r)^4), with r the distance to zero frequency.
        cutoff: like r a fraction of the Nyquist frequency, above 0.

    Raises:
        ValueError: an unknown shape.
    """
    # whole numbers, so that a frequency and its mirror image are on the same side of the cut-off
    steps = torch.arange(size, device=device)
    vertical = torch.minimum(steps, size - steps)[:, None]
    horizontal = steps[None, : size // 2 + 1]
    square = (vertical**2 + horizontal**2) / (0.5 * size * cutoff) ** 2  # (r / cutoff)^2
    if shape == "ideal":
        return (square > 1 + 1e-6).float()
    if shape == "gaussian":
        return 1 - torch.exp(-square / 2)
    if shape == "butterworth":
        return square**2 / (1 + square**2)
    raise ValueError(f"shape must be one of {', '.join(FILTERS)}, not {shape!r}")


class LinearConv(nn.Conv2d):
    """A convolution that no ReLU follows; it starts with weights that keep the variance of its input."""


class HFCAttention(nn.Module):
    """The published module (section 3) and the other queries of its ablation (section 4.3).

    With `normalize_scores` the products of singular values are divided by n^2, which makes them means over the map
    instead of sums, so that weights which learnt at one input size fit another. Only the 7x7 weights differ for it, by
    that factor, but they start with the same variance: divided, the map starts near 0.5 nearly everywhere; undivided,
    as published, the large products saturate the sigmoid from the first step.

    `(B, C, n, n)` -> the same, the map `(B, n, n)` it was multiplied by, and the high-frequency part `(B, n, n)` where
    that is a query.
    """

    def __init__(self, channels: int, config: HFCConfig):
        super().__init__()
        self.queries = (config.attention or "").split("+")
        self.filter_shape = config.filter_shape
        self.filter_cutoff = config.filter_cutoff
        self.normalize_scores = config.normalize_scores
        self.compress = LinearConv(channels, 1, 1, bias=False)
        self.weigh = LinearConv(len(self.queries), 1, 7, padding=3, bias=False)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        whole = self.compress(features)[:, 0]  # (B, n, n), equation 1
        whole = whole if whole.dtype == torch.float64 else whole.float()
        size = whole.shape[-1]
        if whole.shape[-2] != size:
            raise ValueError(f"HFC attention takes square pictures; this one's map is {whole.shape[-2]} x {size}")
        high = self.high_frequencies(whole)
        parts = {"hfc": high, "lfc": whole - high}
        needed = ["hfc", "lfc"] if "cross" in self.queries else self.queries
        values = self.singular_values(torch.stack([whole, *(parts[name] for name in needed)]))
        if self.normalize_scores:
            values = values / size
        value_of = dict(zip(["whole", *needed], values, strict=True))  # (B, n) each
        pairs = {"hfc": ("hfc", "whole"), "lfc": ("lfc", "whole"), "cross": ("hfc", "lfc")}  # query and key
        scores = [
            value_of[pairs[name][0]][:, :, None] * value_of[pairs[name][1]][:, None, :]  # equation 8
            for name in self.queries
        ]
        attention = self.weigh(torch.stack(scores, dim=1).to(self.weigh.weight.dtype)).sigmoid()  # equation 9
        query = None if self.queries == ["lfc"] else high
        return features * attention.to(features.dtype), attention[:, 0], query  # equation 10

    def high_frequencies(self, whole: torch.Tensor) -> torch.Tensor:
        """What is left of a map above the cut-off, equations 2 and 3. `(B, n, n)` -> `(B, n, n)`."""
        size = whole.shape[-1]
        keep = high_pass_filter(size, self.filter_shape, self.filter_cutoff, whole.device)
        with torch.autocast(whole.device.type, enabled=False):
            return torch.fft.irfft2(torch.fft.rfft2(whole) * keep, s=(size, size))

    def singular_values(self, maps: torch.Tensor) -> torch.Tensor:
        """Largest first, equations 5 to 7. `(..., n, n)` -> `(..., n)`."""
        return singular_values(maps)


class BottleneckAttention(nn.Module):
    """BAM (Park et al. 2018, section 3) without its batch norms, as the paper's parameter counts have it: the sum of a
    channel gate and a spatial gate. Returns like `HFCAttention`, but with a map of `(B, C, n, n)`, and no query."""

    def __init__(self, channels: int, reduction: int = 16, dilation: int = 4):
        super().__init__()
        inner = channels // reduction
        self.channel_gate = nn.Sequential(nn.Conv2d(channels, inner, 1), nn.ReLU(), nn.Conv2d(inner, channels, 1))
        self.spatial_gate = nn.Sequential(
            nn.Conv2d(channels, inner, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(inner, inner, 3, padding=dilation, dilation=dilation, bias=False),
            nn.ReLU(),
            nn.Conv2d(inner, inner, 3, padding=dilation, dilation=dilation, bias=False),
            nn.ReLU(),
            nn.Conv2d(inner, 1, 1, bias=False),
        )

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        gates = self.channel_gate(features.mean(dim=(2, 3), keepdim=True)) + self.spatial_gate(features)
        attention = 1 + gates.sigmoid()
        return features * attention, attention, None


@dataclass
class HFCOutput(ModelOutput):
    """
    loss: scalar, cross entropy, when `labels` are given.
    logits: `(B, C)`, before the softmax and before the config's softmax_temperature.
    hidden_states: with `output_hidden_states`, the output of every stage, before its attention.
    attentions: with `output_attentions`, one `(B, n, n)` per module, in (0, 1), in the order of the stages; from
        `attention="bam"` one `(B, C, n, n)` per module, in (1, 2). The rows of an HFC map are ranked by the singular
        values of the query, its columns by those of the key, largest first: they are not places.
    high_frequencies: with `output_attentions`, the high-frequency part of each module's one-channel map, `(B, n, n)`,
        of either sign: these are places. None where the attention has no such query.
    """

    loss: torch.FloatTensor | None = None
    logits: torch.FloatTensor | None = None
    hidden_states: tuple[torch.FloatTensor, ...] | None = None
    attentions: tuple[torch.FloatTensor, ...] | None = None
    high_frequencies: tuple[torch.FloatTensor, ...] | None = None


class HFCPreTrainedModel(FERPreTrainedModel):
    config_class = HFCConfig

    def _init_weights(self, module: nn.Module) -> None:
        # timm initialises its own backbone; transformers calls this for every module whose weights were not loaded.
        if isinstance(module, LinearConv):
            nn.init.normal_(module.weight, std=module.weight[0].numel() ** -0.5)
        elif isinstance(module, nn.Conv2d):
            fan_out = module.out_channels * module.kernel_size[0] * module.kernel_size[1] // module.groups
            nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)  # He et al. 2015
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()


class HFCForImageClassification(HFCPreTrainedModel):
    """
    A timm backbone with an attention module after each of its stages but the last (section 4.2): 4 in ResNet18, 7 in
    MobileNetV2.

    Example:
        >>> import torch
        >>> from fer_models import HFCConfig, HFCForImageClassification
        >>> model = HFCForImageClassification(HFCConfig(num_labels=7, backbone="mobilenetv2_100")).eval()
        >>> model(torch.zeros(2, 3, 224, 224)).logits.shape
        torch.Size([2, 7])
    """

    # The paper's big blocks: the modules of each, under timm's names, and the channels that leave it.
    stages: ClassVar[dict[str, list[tuple[list[str], int]]]] = {
        "resnet18": [
            (["conv1", "bn1", "act1"], 64),
            (["maxpool", "layer1"], 64),
            (["layer2"], 128),
            (["layer3"], 256),
            (["layer4"], 512),
        ],
        "mobilenetv2_100": [
            (["conv_stem", "bn1"], 32),
            (["blocks.0"], 16),
            (["blocks.1"], 24),
            (["blocks.2"], 32),
            (["blocks.3"], 64),
            (["blocks.4"], 96),
            (["blocks.5"], 160),
            (["blocks.6", "conv_head", "bn2"], 1280),
        ],
    }

    def __init__(self, config: HFCConfig):
        super().__init__(config)
        padding = {"pad_type": config.pad_type} if config.pad_type else {}
        self.backbone = timm.create_model(config.backbone, num_classes=0, pretrained=False, **padding)
        del self.backbone.global_pool  # the mean over places is taken after the last attention
        for module in self.backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = config.batch_norm_eps
        channels = [channels for _, channels in self.stages[config.backbone]]
        if config.attention is None:
            self.attentions = nn.ModuleList()
        elif config.attention == "bam":
            self.attentions = nn.ModuleList(BottleneckAttention(width) for width in channels[:-1])
        else:
            self.attentions = nn.ModuleList(HFCAttention(width, config) for width in channels[:-1])
        self.classifier = nn.Linear(channels[-1], config.num_labels)
        self.post_init()

    def _map_names(self) -> list[str]:
        return [f"attention {number} of {len(self.attentions)}" for number in range(1, len(self.attentions) + 1)]

    @property
    def attention_meanings(self) -> dict[str, str]:
        ranked = (
            "What the features were multiplied by, 0 to 1. Its rows and columns are ranked by singular value, not by "
            "place in the picture, yet it is multiplied onto places: it is no evidence about a region of the face."
        )
        query = (
            "The fine detail of the first module's one-channel map, drawn without its sign. The singular values of the "
            f"signed map are {'the query' if self.config.attention == 'hfc' else 'one of the queries'}."
        )
        placed = "What the features were multiplied by at each place, mean over the channels."
        meaning = placed if self.config.attention == "bam" else ranked
        own = dict.fromkeys(self._map_names(), meaning)
        return own | {HIGH_FREQUENCIES: query} if "hfc" in (self.config.attention or "") else own

    @property
    def attention_kinds(self) -> dict[str, str]:
        kind = "heat" if self.config.attention == "bam" else "ranks"
        return {name: "heat" if name == HIGH_FREQUENCIES else kind for name in self.attention_meanings}

    def attention_maps(self, output: HFCOutput) -> dict[str, torch.Tensor]:
        """Maps for people, from an output that was made with `output_attentions=True`: the high-frequency part of the
        first module's map, without its sign, and each module's attention, `(B, n, n)`, n from large to small."""
        if not output.attentions:
            return {}
        shown = {}
        if output.high_frequencies:
            shown[HIGH_FREQUENCIES] = output.high_frequencies[0].abs()
        maps = [attention if attention.ndim == 3 else attention.mean(dim=1) for attention in output.attentions]
        return shown | dict(zip(self._map_names(), maps, strict=True))

    @answers_as_configured
    def forward(
        self,
        pixel_values: torch.Tensor,
        labels: torch.Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        **kwargs,
    ) -> HFCOutput:
        """
        Args:
            pixel_values: `(B, 3, S, S)`, RGB, scaled as the checkpoint's image processor does.
            labels: `(B,)` class ids, or `(B, C)` vote shares that sum to 1 (soft labels).
            output_attentions, output_hidden_states: also return what `HFCOutput` documents under these names.

        Raises:
            ValueError: pictures that are not square, where singular values are taken of their maps.
        """
        features, states, maps, queries = pixel_values, [], [], []
        for number, (names, _) in enumerate(self.stages[self.config.backbone]):
            for name in names:
                features = self.backbone.get_submodule(name)(features)
            states.append(features)
            if number < len(self.attentions):
                features, attention, high = self.attentions[number](features)
                maps.append(attention)
                queries += [] if high is None else [high]
        logits = self.classifier(features.mean(dim=(2, 3)))
        return HFCOutput(
            loss=None if labels is None else F.cross_entropy(logits, labels),
            logits=logits,
            hidden_states=tuple(states) if output_hidden_states else None,
            attentions=tuple(maps) if output_attentions and maps else None,
            high_frequencies=tuple(queries) if output_attentions and queries else None,
        )


__all__ = ["HFCForImageClassification", "HFCOutput", "HFCPreTrainedModel", "high_pass_filter"]
