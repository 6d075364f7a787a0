"""PAtt-Lite: a truncated MobileNetV1, a patch extraction block and an attention classifier.

Ngwe, Lim, Lee, Ong: "PAtt-Lite: Lightweight Patch and Attention MobileNet for Challenging Facial Expression
Recognition", 2023, arXiv 2306.09626. Section and equation numbers below are that paper's.
"""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import timm
import torch
from torch import nn
from torch.nn import functional as F
from transformers.modeling_outputs import ModelOutput

from .configuration_pattlite import PAttLiteConfig
from .modeling_fer import FERPreTrainedModel, answers_as_configured


@dataclass
class PAttLiteOutput(ModelOutput):
    """
    loss: scalar, cross entropy, when `labels` are given.
    logits: `(B, C)`, before the softmax and before the config's softmax_temperature.
    hidden_states: with `output_hidden_states`, the backbone's feature map `(B, 512, 14, 14)` and the patch vectors
        `(B, 256, 2, 2)` (sizes for the default config and a 224 x 224 input).
    attentions: with `output_attentions`, one tensor: `(B, P, P)` for `attention="patch"`, row p holds how much patch p
        takes from each patch (rows sum to 1, patches in reading order); `(B, B)` for `attention="batch"`; none
        for `attention=None`.
    """

    loss: torch.FloatTensor | None = None
    logits: torch.FloatTensor | None = None
    hidden_states: tuple[torch.FloatTensor, ...] | None = None
    attentions: tuple[torch.FloatTensor, ...] | None = None


class MobileNetV1Features(nn.Module):
    """MobileNetV1 1.0 under timm's parameter names, up to the activated depthwise output of `output_block` (section
    III.B), or whole when `output_block` is `None`. `(B, 3, S, S)` -> `(B, 512, S/16, S/16)` (256 channels at block 6)
    or `(B, 1024, S/32, S/32)`."""

    def __init__(self, output_block: int | None, pad_type: str, batch_norm_eps: float):
        super().__init__()
        network = timm.create_model(
            "mobilenetv1_100", num_classes=0, pad_type=pad_type, bn_eps=batch_norm_eps, pretrained=False
        )
        self.conv_stem = network.conv_stem
        self.bn1 = network.bn1
        self.blocks = network.blocks
        self.num_features = 1024
        if output_block is not None:
            last = output_block - 6  # blocks 6 to 11 are the six of timm's stage 3
            self.blocks = self.blocks[:4]
            self.blocks[3] = self.blocks[3][: last + 1]
            half = self.blocks[3][last]
            self.num_features = half.conv_dw.out_channels
            half.conv_pw = nn.Identity()
            half.bn2 = nn.Identity()

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.blocks(self.bn1(self.conv_stem(pixel_values)))


class PatchExtraction(nn.Module):
    """Strided convolutions that split the feature map into patches, then a 1x1 convolution, ReLU after each
    (section III.C). `(B, 512, 14, 14)` -> `(B, 256, 2, 2)` with the default config."""

    def __init__(self, in_channels: int, config: PAttLiteConfig):
        super().__init__()
        width = config.patch_channels
        layers: list[nn.Module] = [nn.ZeroPad2d(config.patch_padding)]
        channels = in_channels
        strides = config.patch_strides or config.patch_kernels
        for kernel, stride in zip(config.patch_kernels, strides, strict=True):
            if config.patch_separable:
                layers += [
                    nn.Conv2d(channels, channels, kernel, stride, groups=channels, bias=False),
                    nn.Conv2d(channels, width, 1),
                ]
            else:
                layers.append(nn.Conv2d(channels, width, kernel, stride))
            layers.append(nn.ReLU())
            channels = width
        layers += [nn.Conv2d(width, width, 1), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.layers(features)


class AttentionClassifier(nn.Module):
    """FC + ReLU + BN, dot-product self-attention with a learned scalar scale, FC (section III.E, equations 3 to 6).

    What the tokens of the attention are is the `attention` mode: the patches of one image, or (as published) the
    images of the batch, whose patches have been averaged before.
    """

    def __init__(self, in_channels: int, config: PAttLiteConfig):
        super().__init__()
        self.attention = config.attention
        self.fc = nn.Linear(in_channels, config.classifier_dim)
        self.act = nn.ReLU()
        self.norm = nn.BatchNorm1d(config.classifier_dim, eps=config.batch_norm_eps)
        if config.attention is not None:
            self.scale = nn.Parameter(torch.ones(()))
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.classifier = nn.Linear(config.classifier_dim, config.num_labels)

    def forward(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        tokens = patches.flatten(2).transpose(1, 2)  # (B, P, 256)
        if self.attention != "patch":
            tokens = tokens.mean(dim=1, keepdim=True)  # (B, 1, 256), equation 2
        tokens = self.act(self.fc(tokens))  # (B, P or 1, 32), equation 4
        tokens = self.norm(tokens.transpose(1, 2)).transpose(1, 2)
        weights = None
        if self.attention == "batch":
            tokens = tokens.transpose(0, 1)  # (1, B, 32): the images of the batch attend to each other
        if self.attention is not None:
            scores = self.scale * (tokens @ tokens.transpose(1, 2))
            weights = scores.float().softmax(dim=-1).to(tokens.dtype)
            tokens = weights @ tokens  # equation 3, with the learned scale for 1 / sqrt(d)
            if self.attention == "batch":
                tokens, weights = tokens.transpose(0, 1), weights[0]
        return self.classifier(self.dropout(tokens.mean(dim=1))), weights  # (B, C)


class PAttLitePreTrainedModel(FERPreTrainedModel):
    config_class = PAttLiteConfig

    def _init_weights(self, module: nn.Module) -> None:
        # timm initialises its own backbone; transformers calls this for every module whose weights were not loaded.
        if isinstance(module, nn.Conv2d):
            # He et al. 2015. torch's own counts all channels for a depthwise kernel, which then starts near zero.
            fan_out = module.out_channels * module.kernel_size[0] * module.kernel_size[1] // module.groups
            nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.reset_parameters()
        elif isinstance(module, AttentionClassifier) and module.attention is not None:
            nn.init.ones_(module.scale)


class PAttLiteForImageClassification(PAttLitePreTrainedModel):
    """
    PAtt-Lite with one of three attention classifiers.

    `attention="patch"`, the default, attends over the 2 x 2 patches of one image and averages them, so an image's
    logits do not depend on what else is in the batch. `attention="batch"` is what the authors published: the patches
    are averaged first and the attention runs over the images of the batch. Its accuracy depends on how a test set is
    ordered (see the table in the README), so it warns when it is built and is meant for reproducing that result.

    Example:
        >>> import torch
        >>> from fer_models import PAttLiteConfig, PAttLiteForImageClassification
        >>> model = PAttLiteForImageClassification(PAttLiteConfig(num_labels=7)).eval()
        >>> model(torch.zeros(2, 3, 224, 224)).logits.shape
        torch.Size([2, 7])
    """

    def __init__(self, config: PAttLiteConfig):
        super().__init__(config)
        if config.attention == "batch":
            warnings.warn(
                'attention="batch" lets every prediction depend on the other images of the batch; '
                'it reproduces the published classifier, use attention="patch" for anything else',
                stacklevel=2,
            )
        output_block = config.output_block if config.patch_extraction else None
        self.backbone = MobileNetV1Features(output_block, config.pad_type, config.batch_norm_eps)
        channels = self.backbone.num_features
        if config.patch_extraction:
            self.patch_extraction = PatchExtraction(channels, config)
            channels = config.patch_channels
        else:
            self.patch_extraction = nn.Identity()
        self.classifier = AttentionClassifier(channels, config)
        self.post_init()

    attention_meanings: ClassVar[dict[str, str]] = {
        "patch attention": "The share of each quarter's features in the average that is classified; the shares sum "
        "to 1. Blurring the quarter with the largest share changes the answer no sooner than blurring another: it is "
        "no evidence about a region of the face.",
    }

    attention_kinds: ClassVar[dict[str, str]] = {"patch attention": "shares"}

    def attention_maps(self, output: PAttLiteOutput) -> dict[str, torch.Tensor]:
        """Maps for people, from an output that was made with `output_attentions=True`.

        The patches' attended vectors are averaged before the last layer, so what patch p contributes is the mean of
        column p of the attention. Returns `{"patch attention": (B, rows, columns)}`, shares that sum to 1 per image;
        nothing unless the tokens of the attention are patches.
        """
        if self.config.attention != "patch" or not output.attentions:
            return {}
        shares = output.attentions[0].mean(dim=1)  # (B, P)
        side = int(shares.shape[1] ** 0.5)
        return {"patch attention": shares.unflatten(1, (side, side))}

    @answers_as_configured
    def forward(
        self,
        pixel_values: torch.Tensor,
        labels: torch.Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        **kwargs,
    ) -> PAttLiteOutput:
        """
        Args:
            pixel_values: `(B, 3, S, S)`, RGB scaled to [-1, 1] (what the checkpoint's image processor makes).
            labels: `(B,)` class ids, or `(B, C)` vote shares that sum to 1 (soft labels).
            output_attentions, output_hidden_states: also return what `PAttLiteOutput` documents under these names.
        """
        features = self.backbone(pixel_values)  # (B, 512, 14, 14), equation 1
        patches = self.patch_extraction(features)  # (B, 256, 2, 2)
        logits, weights = self.classifier(patches)
        return PAttLiteOutput(
            loss=None if labels is None else F.cross_entropy(logits, labels),
            logits=logits,
            hidden_states=(features, patches) if output_hidden_states else None,
            attentions=(weights,) if output_attentions and weights is not None else None,
        )


__all__ = ["PAttLiteForImageClassification", "PAttLiteOutput", "PAttLitePreTrainedModel"]
