"""How far a map can be trusted: what becomes of the answer as the face is blurred, or restored, in the map's order."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from fer_models.explain import frozen, is_flat
from fer_models.fork import alone_with
from fer_models.integrated_gradients import blurred
from fer_models.probabilities import probabilities
from fer_models.trust.found import Faithfulness

FILLS = {
    "blur": blurred,
    "mean": lambda pixel_values: pixel_values.mean(dim=(-2, -1), keepdim=True).expand_as(pixel_values),
}
FAITHFULNESS_BATCH = 16  # pictures per forward pass: bounds the memory, and larger ones are slower on a CPU


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
) -> dict[str, Faithfulness]:
    """How far each map can be trusted: deletion and insertion curves (Petsiuk et al. 2018, RISE, arXiv 1806.07421),
    with a random map beside them for comparison.

    Pixels are ranked by the map, enlarged bilinearly, and replaced (deletion), or restored in the replaced picture
    (insertion), in equal shares. Unlike the paper, which deletes to grey, both go between the same two pictures, so
    both curves span the same two probabilities, and the blur adds no hard edges. It is strong
    (`integrated_gradients.blurred`): the paper's, of 5 pixels, takes no expression from a face this close.
    The probability is the one that people see, after `config.softmax_temperature`.

    Args:
        model: as for `explain`.
        pixel_values: one face, `(3, S, S)`.
        maps: by name, each `(h, w)` of any range and resolution; "random" is taken.
        class_id: the class whose probability is followed.
        steps: points of a curve, less one. Each map, random ones too, costs `2 * (steps - 1)` predictions.
        seed: of the random maps.
        random_maps: how many random maps the curves under "random" are the mean of. They have the resolution of the
            finest map given, since the smaller the pieces of a picture that change, the stranger it looks to the model.
            The first one also orders pixels that a map ranks equally, so a flat map (`is_flat`) is a random one.
        fill: a key of `FILLS`: what replaces a pixel.
        reverse_ties: order pixels that a map ranks equally the other way round.

    Returns:
        A `Faithfulness` per map, and "random".

    Raises:
        ValueError: for wrong shapes, a map that is not finite, no maps, one called "random", or an unknown fill.
    """
    if pixel_values.ndim != 3:
        raise ValueError(f"pixel_values must be one face, (3, S, S), not {tuple(pixel_values.shape)}")
    if not maps or "random" in maps:
        raise ValueError(f'maps must hold at least one map and none called "random", not {list(maps)}')
    for name, values in maps.items():
        if np.ndim(values) != 2 or not np.isfinite(values).all():
            raise ValueError(f"map {name!r} must be (h, w) and finite, not of shape {np.shape(values)}")
    if steps < 1 or random_maps < 1:
        raise ValueError("steps and random_maps must be at least 1")
    if fill not in FILLS:
        raise ValueError(f"fill must be one of {', '.join(FILLS)}, not {fill!r}")
    generator = np.random.default_rng(seed)
    finest = max((np.shape(values) for values in maps.values()), key=np.prod)
    noise = [generator.random(finest) for _ in range(random_maps)]

    size = torch.Size(pixel_values.shape[-2:])
    ties = -noise[0] if reverse_ties else noise[0]
    ranks = torch.stack([_ranks(values, ties, size) for values in (*maps.values(), *noise)])  # (M, S, S)
    changed = torch.linspace(0, size.numel(), steps + 1)[1:-1, None, None]  # how many pixels, at each step
    replaced = ranks[:, None] < changed  # (M, steps - 1, S, S)
    between = torch.stack([replaced, ~replaced], dim=1)  # (M, 2, steps - 1, S, S): deletion, insertion
    ends = torch.tensor([False, True])[:, None, None].expand(2, *size)  # the picture, and all of it blurred
    followed = _probabilities(model, pixel_values, torch.cat([ends, between.flatten(0, 2)]), class_id, fill)
    curves = np.empty((len(ranks), 2, steps + 1), dtype=np.float32)
    curves[:, 0, [0, -1]] = followed[:2]
    curves[:, 1, [-1, 0]] = followed[:2]
    curves[:, :, 1:-1] = followed[2:].reshape(len(ranks), 2, steps - 1)
    results = {name: Faithfulness(*curve) for name, curve in zip(maps, curves, strict=False)}
    results["random"] = Faithfulness(*curves[len(maps) :].mean(axis=0))
    return results


def _enlarged(values: np.ndarray, size: torch.Size) -> np.ndarray:
    grid = torch.from_numpy(np.asarray(values, dtype=np.float64))
    return F.interpolate(grid[None, None], size=tuple(size), mode="bilinear")[0, 0].numpy()


def _ranks(values: np.ndarray, noise: np.ndarray, size: torch.Size) -> torch.Tensor:
    """`(h, w)` -> `(S, S)`: 0 for the pixel with the highest value, S * S - 1 for the lowest; `noise` decides ties."""
    highest = np.abs(values).max() or 1.0
    if is_flat(values):
        values = np.zeros_like(values)
    scores = _enlarged(values / highest, size).round(6)  # interpolation makes equal values differ in the last digits
    order = np.lexsort((-_enlarged(noise, size).ravel(), -scores.ravel()))
    ranks = np.empty(order.size, dtype=np.float32)
    ranks[order] = np.arange(order.size)
    return torch.from_numpy(ranks.reshape(tuple(size)))


def _probabilities(
    model: nn.Module, pixel_values: torch.Tensor, replaced_places: torch.Tensor, class_id: int, fill: str
) -> np.ndarray:
    """The face `(3, S, S)`, replaced at each of the places `(N, S, S)` -> `(N,)` probabilities of the class."""
    other = FILLS[fill](pixel_values[None])
    temperature = model.config.softmax_temperature
    followed = []
    for places in replaced_places.split(FAITHFULNESS_BATCH):
        # The lock is taken per batch, so that a short explanation need not wait for a long measurement.
        with alone_with(model), frozen(model), torch.inference_mode():
            pictures = torch.where(places[:, None].to(pixel_values.device), other, pixel_values)  # (N, 3, S, S)
            logits = model(pictures).logits
            followed.append(probabilities(logits, temperature)[:, class_id].cpu())
    return torch.cat(followed).numpy()


__all__ = ["FILLS", "Faithfulness", "faithfulness"]
