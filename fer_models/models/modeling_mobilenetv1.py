"""A plain MobileNetV1, whole and without attention: what the networks with one are to be compared with.

Howard et al.: "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017, arXiv
1704.04861. Its table 1 is the network, which timm builds as `mobilenetv1_100`.
"""

from dataclasses import dataclass

import timm
import torch
from torch import nn
from torch.nn import functional as F
from transformers.modeling_outputs import ModelOutput

from .configuration_mobilenetv1 import PlainMobileNetV1Config
from .modeling_fer import FERPreTrainedModel, answers_as_configured


@dataclass
class PlainMobileNetV1Output(ModelOutput):
    """
    loss: scalar, cross entropy, when `labels` are given.
    logits: `(B, C)`, before the softmax and before the config's softmax_temperature.
    hidden_states: with `output_hidden_states`, the output of each of the five stages, `(B, 64, S/2, S/2)` to
        `(B, 1024, S/32, S/32)`.
    attentions: none; the network has no attention.
    """

    loss: torch.FloatTensor | None = None
    logits: torch.FloatTensor | None = None
    hidden_states: tuple[torch.FloatTensor, ...] | None = None
    attentions: tuple[torch.FloatTensor, ...] | None = None


class PlainMobileNetV1PreTrainedModel(FERPreTrainedModel):
    config_class = PlainMobileNetV1Config

    def _init_weights(self, module: nn.Module) -> None:
        # timm initialises its own backbone; transformers calls this for every module whose weights were not loaded.
        if isinstance(module, nn.Conv2d):
            fan_out = module.out_channels * module.kernel_size[0] * module.kernel_size[1] // module.groups
            nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)  # He et al. 2015
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()


class PlainMobileNetV1ForImageClassification(PlainMobileNetV1PreTrainedModel):
    """
    All 13 blocks, the mean over the places of the last feature map, one fully connected layer.

    Example:
        >>> import torch
        >>> from fer_models import PlainMobileNetV1Config, PlainMobileNetV1ForImageClassification
        >>> model = PlainMobileNetV1ForImageClassification(PlainMobileNetV1Config(num_labels=7)).eval()
        >>> model(torch.zeros(2, 3, 224, 224)).logits.shape
        torch.Size([2, 7])
    """

    def __init__(self, config: PlainMobileNetV1Config):
        super().__init__(config)
        self.backbone = timm.create_model(
            "mobilenetv1_100",
            num_classes=0,
            pad_type=config.pad_type,
            bn_eps=config.batch_norm_eps,
            pretrained=False,
        )
        del self.backbone.global_pool  # the mean over places is taken in `forward`
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(self.backbone.num_features, config.num_labels)
        self.post_init()

    @answers_as_configured
    def forward(
        self,
        pixel_values: torch.Tensor,
        labels: torch.Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        **kwargs,
    ) -> PlainMobileNetV1Output:
        """
        Args:
            pixel_values: `(B, 3, S, S)`, RGB, scaled as the checkpoint's image processor does.
            labels: `(B,)` class ids, or `(B, C)` vote shares that sum to 1 (soft labels).
            output_hidden_states: also return what `PlainMobileNetV1Output` documents under this name.
            output_attentions: changes nothing; the network has none.
        """
        features, states = self.backbone.bn1(self.backbone.conv_stem(pixel_values)), []
        for stage in self.backbone.blocks:
            features = stage(features)
            states.append(features)
        pooled = features.mean(dim=(2, 3))  # (B, 1024)
        logits = self.classifier(self.dropout(pooled))
        return PlainMobileNetV1Output(
            loss=None if labels is None else F.cross_entropy(logits, labels),
            logits=logits,
            hidden_states=tuple(states) if output_hidden_states else None,
        )


__all__ = [
    "PlainMobileNetV1ForImageClassification",
    "PlainMobileNetV1Output",
    "PlainMobileNetV1PreTrainedModel",
]
