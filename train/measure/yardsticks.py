"""Dearer yardsticks of a map than its curves: other fills, noise in the input, random weights, the parts of a face."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.stats import spearmanr

from fer_models.checkpoint import Checkpoint
from fer_models.integrated_gradients import blurred
from fer_models.probabilities import probabilities
from fer_models.trust.curves import FILLS

# Rectangles (left, top, right, bottom) in shares of a face framed as FER2013's pictures are, whose eyes lie at
# (0.31, 0.40) and (0.70, 0.40) and whose mouth at (0.5, 0.77) on average.
PARTS = {
    "eye on the left": (0.12, 0.28, 0.48, 0.50),
    "eye on the right": (0.52, 0.28, 0.88, 0.50),
    "forehead": (0.20, 0.02, 0.80, 0.26),
    "nose": (0.36, 0.44, 0.64, 0.68),
    "mouth": (0.26, 0.66, 0.74, 0.90),
    "cheek on the left": (0.06, 0.52, 0.34, 0.80),
    "cheek on the right": (0.66, 0.52, 0.94, 0.80),
}
NOISE = 0.05  # of the range of a face's pixels: largest change of one pixel
NOISY = 4  # noisy copies


def part_masks(side: int) -> np.ndarray:
    """`(P, side, side)` booleans: the parts of a face."""
    masks = np.zeros((len(PARTS), side, side), dtype=bool)
    for mask, (left, top, right, bottom) in zip(masks, PARTS.values(), strict=True):
        mask[round(top * side) : round(bottom * side), round(left * side) : round(right * side)] = True
    return masks


def part_effects(checkpoint: Checkpoint, pixel_values: torch.Tensor, class_id: int) -> np.ndarray:
    """`(P,)`: by how much the probability of the class falls when each part of the face `(3, S, S)` is blurred."""
    masks = torch.from_numpy(part_masks(pixel_values.shape[-1]))[:, None].to(pixel_values.device)
    pictures = torch.where(masks, blurred(pixel_values[None]), pixel_values)
    with torch.inference_mode():
        logits = checkpoint.model(torch.cat([pixel_values[None], pictures])).logits
    shares = probabilities(logits, checkpoint.model.config.softmax_temperature)[:, class_id].cpu().numpy()
    return shares[0] - shares[1:]


def part_agreement(values: np.ndarray, effects: np.ndarray) -> float:
    """Spearman's correlation, -1 to 1, of a map's mean over each part with what hiding the part does; 0 where either
    says the same of every part."""
    side = 56
    enlarged = torch.nn.functional.interpolate(
        torch.from_numpy(np.asarray(values, dtype=np.float64))[None, None], size=(side, side), mode="bilinear"
    )[0, 0].numpy()
    means = [enlarged[mask].mean() for mask in part_masks(side)]
    if np.ptp(means) < 1e-9 or np.ptp(effects) < 1e-9:
        return 0.0
    return float(spearmanr(means, effects).statistic)


def noisy(pixel_values: torch.Tensor, seed: int = 0) -> tuple[torch.Tensor, float]:
    """`NOISY` copies of a face `(3, S, S)` with uniform noise, `(NOISY, 3, S, S)`, and the noise's largest size."""
    generator = torch.Generator().manual_seed(seed)
    radius = NOISE * float(pixel_values.max() - pixel_values.min())
    noise = radius * (2 * torch.rand((NOISY, *pixel_values.shape), generator=generator) - 1)
    return pixel_values + noise.to(pixel_values.device), radius


def max_sensitivity(
    explainer: Callable[[torch.Tensor], np.ndarray], pixel_values: torch.Tensor, seed: int = 0
) -> float:
    """Yeh et al. 2019 (arXiv 1901.09392, definition 2), by sampling: the largest change of the map, relative to its
    norm, over `NOISY` copies of the face with uniform noise.

    Args:
        explainer: `(B, 3, S, S)` -> `(B, h, w)` maps about the classes of the face without noise.
    """
    copies, _ = noisy(pixel_values, seed)
    maps = explainer(torch.cat([pixel_values[None], copies]))
    norm = np.linalg.norm(maps[0])
    return float(max(np.linalg.norm(one - maps[0]) for one in maps[1:]) / norm) if norm else 0.0


__all__ = ["FILLS", "PARTS", "max_sensitivity", "noisy", "part_agreement", "part_effects", "part_masks"]
