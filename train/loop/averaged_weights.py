"""An exponential moving average of the weights, which is what is validated and saved while the training goes on."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import TrainerCallback

LIVE = "live.safetensors"  # beside the averaged weights in a checkpoint: those that the optimizer goes on with


class AveragedWeights(TrainerCallback):
    """The average of a model's weights and batch statistics over the steps.

    Args:
        decay: share of the average that stays at each step, in (0, 1). In the first steps less stays, so that the
            initial weights are soon forgotten: (1 + step) / (10 + step).
    """

    def __init__(self, decay: float):
        self.decay = decay
        self.average: dict[str, torch.Tensor] = {}
        self.resumed: Path | None = None

    def on_train_begin(self, args, state, control, model: nn.Module, **kwargs):
        self.average = {key: value.detach().clone() for key, value in model.state_dict().items()}
        if self.resumed is not None:  # what was just loaded is the average
            model.load_state_dict(load_file(self.resumed / LIVE))

    @torch.no_grad()
    def on_step_end(self, args, state, control, model: nn.Module, **kwargs):
        decay = min(self.decay, (1 + state.global_step) / (10 + state.global_step))
        for key, value in model.state_dict().items():
            if value.is_floating_point():
                self.average[key].lerp_(value.to(self.average[key].dtype), 1 - decay)
            else:
                self.average[key].copy_(value)

    @contextmanager
    def in_place(self, model: nn.Module) -> Generator[None]:
        """Inside, the model has the averaged weights."""
        if not self.average:  # before training, and after it, when the best ones have been loaded
            yield
            return
        live = {key: value.detach().clone() for key, value in model.state_dict().items()}
        model.load_state_dict(self.average)
        try:
            yield
        finally:
            model.load_state_dict(live)

    def on_train_end(self, args, state, control, **kwargs):
        self.average = {}

    def save_live(self, model: nn.Module, folder: str) -> None:
        """Keep the weights that the optimizer goes on with beside the saved average."""
        if self.average:
            save_file({key: value.contiguous() for key, value in model.state_dict().items()}, Path(folder) / LIVE)


__all__ = ["LIVE", "AveragedWeights"]
