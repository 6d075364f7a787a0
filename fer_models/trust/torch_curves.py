"""The curves of a network's maps, by torch."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from fer_models.explain import frozen
from fer_models.fork import alone_with
from fer_models.probabilities import probabilities
from fer_models.trust.curves import faithfulness_curves
from fer_models.trust.found import Faithfulness


def faithfulness(
    model: nn.Module,
    pixel_values: torch.Tensor,
    maps: dict[str, np.ndarray],
    class_id: int,
    steps: int = 16,
    seed: int = 0,
    random_maps: int = 3,
    fill: str = "blur",
    reverse_ties: bool = False,
    before_pass: Callable[[], None] = lambda: None,
) -> dict[str, Faithfulness]:
    """How far each map can be trusted, as `curves.faithfulness_curves` measures it. The probability that is followed is
    the one that people see, after `config.softmax_temperature`.

    Args:
        model: as for `explain`.
        pixel_values: one face, `(3, S, S)`, on the model's device.
        class_id: the class whose probability is followed.
        maps, steps, seed, random_maps, fill, reverse_ties: as there.
        before_pass: called before every pass; what it raises ends the measurement.

    Raises:
        ValueError: as there.
    """
    temperature = model.config.softmax_temperature

    def followed(pictures: np.ndarray) -> np.ndarray:
        before_pass()
        # The lock is taken per batch, so that a short explanation need not wait for a long measurement.
        with alone_with(model), frozen(model), torch.inference_mode():
            logits = model(torch.from_numpy(pictures).to(pixel_values.device, pixel_values.dtype)).logits
            return probabilities(logits, temperature)[:, class_id].float().cpu().numpy()

    face = pixel_values.detach().float().cpu().numpy()
    return faithfulness_curves(followed, face, maps, steps, seed, random_maps, fill, reverse_ties)


__all__ = ["faithfulness"]
