"""Slow ways to a map of what an answer rests on, to compare the quick ones with."""

from collections.abc import Callable

import numpy as np
import torch

from fer_models.checkpoint import Checkpoint
from fer_models.probabilities import probabilities

REFERENCES = ("occlusion", "integrated gradients, 32 steps", "256 random masks")
CELLS = 14  # a side of a map
MASKS, MASK_CELLS = 256, 7

Explainer = Callable[[torch.Tensor, list[int]], np.ndarray]  # (B, 3, S, S) and class ids -> (B, h, w) maps


def references(checkpoint: Checkpoint) -> dict[str, Explainer]:
    """The same of slow methods: captum's occlusion by a window of a seventh of the face that is greyed, its integrated
    gradients in 32 steps from grey, and random masks."""
    from captum.attr import IntegratedGradients, Occlusion

    def logits(pixels: torch.Tensor) -> torch.Tensor:
        return checkpoint.model(pixels).logits

    def pooled(values: torch.Tensor) -> np.ndarray:
        return torch.nn.functional.adaptive_avg_pool2d(values.detach().sum(dim=1), CELLS).clamp(min=0).numpy()

    def occlusion(pixels: torch.Tensor, ids: list[int]) -> np.ndarray:
        window = pixels.shape[-1] // 7
        with torch.no_grad():
            return pooled(
                Occlusion(logits).attribute(
                    pixels,
                    sliding_window_shapes=(3, window, window),
                    strides=(3, window, window),
                    target=ids,
                    perturbations_per_eval=16,
                )
            )

    def integrated(pixels: torch.Tensor, ids: list[int]) -> np.ndarray:
        way = IntegratedGradients(logits).attribute(pixels, target=ids, n_steps=32, internal_batch_size=16)
        return pooled(way)

    def masked(pixels: torch.Tensor, ids: list[int]) -> np.ndarray:
        return np.stack([random_masks(checkpoint.model, face, one) for face, one in zip(pixels, ids, strict=True)])

    return dict(zip(REFERENCES, (occlusion, integrated, masked), strict=True))


def random_masks(model: torch.nn.Module, pixel_values: torch.Tensor, class_id: int, seed: int = 0) -> np.ndarray:
    """RISE (Petsiuk et al. 2018, arXiv 1806.07421, section 3): the mean of random masks, each weighed by the
    probability that is left of the class in the face `(3, S, S)` seen through it; `(CELLS, CELLS)`. A mask is a coarse
    grid of zeros and ones, half of each, enlarged bilinearly and shifted by less than a cell; 0 makes the face grey."""
    side, generator = pixel_values.shape[-1], torch.Generator().manual_seed(seed)
    cell = -(-side // MASK_CELLS)
    grids = torch.randint(0, 2, (MASKS, 1, MASK_CELLS + 1, MASK_CELLS + 1), generator=generator).float()
    large = torch.nn.functional.interpolate(grids, scale_factor=cell, mode="bilinear")
    shifts = torch.randint(0, cell, (MASKS, 2), generator=generator).tolist()
    masks = torch.stack([one[:, y : y + side, x : x + side] for one, (y, x) in zip(large, shifts, strict=True)])
    temperature = model.config.softmax_temperature
    with torch.inference_mode():
        left = [probabilities(model(pixel_values * some).logits, temperature) for some in masks.split(16)]
    weights = torch.cat(left)[:, class_id]
    mean = (weights[:, None, None, None] * masks).sum(dim=0) / masks.sum(dim=0).clamp(min=1)
    return torch.nn.functional.adaptive_avg_pool2d(mean, CELLS)[0].numpy()


__all__ = ["REFERENCES", "Explainer", "random_masks", "references"]
