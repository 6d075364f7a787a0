"""What every network here is and promises: how it is called, and what its own attention is as maps for people."""

from collections.abc import Callable
from functools import wraps
from typing import ClassVar

import torch
from transformers import PreTrainedModel
from transformers.modeling_outputs import ModelOutput

from .configuration_fer import FERConfig


def answers_as_configured(forward: Callable) -> Callable:
    """What a call of this `forward` leaves open (`output_attentions`, `output_hidden_states`, `return_dict`) is as the
    model's config says."""

    @wraps(forward)
    def call(self, pixel_values: torch.Tensor, labels: torch.Tensor | None = None, **kwargs) -> ModelOutput | tuple:
        def chosen(name: str) -> bool:
            asked = kwargs.pop(name, None)
            return getattr(self.config, name) if asked is None else asked

        names = ("output_attentions", "output_hidden_states", "return_dict")
        attentions, states, as_dict = (chosen(name) for name in names)
        output = forward(
            self, pixel_values, labels, output_attentions=attentions, output_hidden_states=states, **kwargs
        )
        return output if as_dict else output.to_tuple()

    return call


class FERPreTrainedModel(PreTrainedModel):
    """
    The contract of an architecture: `model(pixel_values)` returns a `ModelOutput` whose `logits` are `(B, C)`, the
    config is a `FERConfig` and names the layer for Grad-CAM, and the network's own attention can be shown to people.
    Every leaf with weights is called as a module, so that hooks, adapters and profilers see it. What is here is right
    for a network without attention.
    """

    config_class = FERConfig
    base_model_prefix = ""
    main_input_name = "pixel_values"
    # Trainer: the loss is a mean over the batch already, so it must not be scaled again under gradient accumulation.
    accepts_loss_kwargs = False

    # What each map of `attention_maps` means, to be shown beside it, and how it is to be drawn: as "heat" (places of
    # the face), "shares" (of parts of the face; they sum to 1) or "ranks" (its axes are no places).
    attention_meanings: ClassVar[dict[str, str]] = {}
    attention_kinds: ClassVar[dict[str, str]] = {}

    def attention_maps(self, output: ModelOutput) -> dict[str, torch.Tensor]:
        """Maps for people, `(B, h, w)` each, from an output that was made with `output_attentions=True`; their names
        are those of `attention_meanings`."""
        return {}

    def attention_profiles(self, output: ModelOutput) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """Of those maps that are products of two profiles: the vertical one `(B, h)` and the horizontal one `(B, w)`,
        under the map's name."""
        return {}


__all__ = ["FERPreTrainedModel", "answers_as_configured"]
