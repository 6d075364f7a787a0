"""A sequence of pictures of one face -> its expression: a GRU over the features of a frozen network.

    h_t = GRU(LayerNorm(x_t), h_{t-1});   logits = W mean_t(h_t) + b

x_t are the last feature maps of the network, averaged over their places. Frames without a face are left out of the
recurrence and of the mean.
"""

from dataclasses import dataclass

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import ModelOutput

from .configuration_fer_sequence import FERSequenceConfig


@dataclass
class FERSequenceOutput(ModelOutput):
    """
    loss: cross entropy, with labels.
    logits: `(B, C)`.
    hidden_states: `(B, T, H)` of the GRU after each frame; 0 where there is no face.
    """

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    hidden_states: torch.Tensor | None = None


class FERSequenceClassifier(PreTrainedModel):
    """Needs a sequence of features of one face, not pictures: `fer_models.sequences` makes them."""

    config_class = FERSequenceConfig
    base_model_prefix = "sequence"
    main_input_name = "features"

    def __init__(self, config: FERSequenceConfig):
        super().__init__(config)
        self.norm = nn.LayerNorm(config.feature_size)
        self.dropout = nn.Dropout(config.dropout)
        self.gru = nn.GRU(config.feature_size, config.hidden_size, batch_first=True)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        pass  # as torch initialises them

    def forward(
        self,
        features: torch.Tensor,
        seen: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
    ) -> FERSequenceOutput:
        """
        Args:
            features: `(B, T, F)`, what is unseen or beyond a sequence's end may be anything.
            seen: `(B, T)` bool, whether there is a face; all by default. Every sequence needs one.
            labels: `(B,)` class ids, or `(B, C)` shares.
        """
        if seen is None:
            seen = torch.ones(features.shape[:2], dtype=torch.bool, device=features.device)
        if not seen.any(dim=1).all():
            raise ValueError("a sequence without a single face has no expression; leave it out")
        counts = seen.sum(dim=1)  # (B,)
        order = (~seen).int().argsort(dim=1, stable=True)  # (B, T): the seen frames first, in their order
        packed = features.gather(1, order[..., None].expand_as(features))
        packed = packed.where((torch.arange(packed.shape[1], device=counts.device) < counts[:, None])[..., None], 0.0)
        states, _ = self.gru(self.dropout(self.norm(packed)))  # (B, T, H); of later frames nothing reaches earlier ones
        within = (torch.arange(states.shape[1], device=counts.device) < counts[:, None])[..., None]
        states = states.where(within, 0.0)
        logits = self.classifier(self.dropout(states.sum(dim=1) / counts[:, None]))
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        back = torch.zeros_like(states).scatter(1, order[..., None].expand_as(states), states)
        return FERSequenceOutput(loss=loss, logits=logits, hidden_states=back)


__all__ = ["FERSequenceClassifier", "FERSequenceOutput"]
