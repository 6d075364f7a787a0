"""How far a map can be trusted: what becomes of the answer as the face is blurred, or restored, in the map's order.
Nothing of torch: whichever engine answers, it is asked about pictures that were made in the same way."""

from collections.abc import Callable

import numpy as np

from fer_models.integrated_numpy import blurred, enlarged
from fer_models.prediction import is_flat
from fer_models.trust.found import Faithfulness

FILLS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "blur": blurred,
    "mean": lambda pixel_values: np.broadcast_to(pixel_values.mean(axis=(-2, -1), keepdims=True), pixel_values.shape),
}
PICTURES_PER_PASS = 8  # the onnx engine keeps the memory of its largest pass; 16 are a tenth faster

Followed = Callable[[np.ndarray], np.ndarray]


def faithfulness_curves(
    followed: Followed,
    face: np.ndarray,
    maps: dict[str, np.ndarray],
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
    (`integrated_numpy.blurred`): the paper's, of 5 pixels, takes no expression from a face this close.

    Args:
        followed: pictures `(N, 3, S, S)` -> `(N,)` probabilities of the class that is followed.
        face: `(3, S, S)`, as a checkpoint wants it.
        maps: by name, each `(h, w)` of any range and resolution; "random" is taken.
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
    if face.ndim != 3:
        raise ValueError(f"pixel_values must be one face, (3, S, S), not {tuple(face.shape)}")
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

    size = face.shape[-2:]
    ties = -noise[0] if reverse_ties else noise[0]
    ranks = np.stack([_ranks(values, ties, size) for values in (*maps.values(), *noise)])  # (M, S, S)
    changed = np.linspace(0, ranks[0].size, steps + 1)[1:-1, None, None]  # how many pixels, at each step
    replaced = ranks[:, None] < changed  # (M, steps - 1, S, S)
    between = np.stack([replaced, ~replaced], axis=1)  # (M, 2, steps - 1, S, S): deletion, insertion
    ends = np.broadcast_to(np.array([False, True])[:, None, None], (2, *size))  # the picture, and all of it blurred
    places = np.concatenate([ends, between.reshape(-1, *size)])
    other = FILLS[fill](face[None])[0]
    passes = np.array_split(places, -(-len(places) // PICTURES_PER_PASS))
    probabilities = np.concatenate([followed(np.where(some[:, None], other, face)) for some in passes])
    curves = np.empty((len(ranks), 2, steps + 1), dtype=np.float32)
    curves[:, 0, [0, -1]] = probabilities[:2]
    curves[:, 1, [-1, 0]] = probabilities[:2]
    curves[:, :, 1:-1] = probabilities[2:].reshape(len(ranks), 2, steps - 1)
    results = {name: Faithfulness(*curve) for name, curve in zip(maps, curves, strict=False)}
    results["random"] = Faithfulness(*curves[len(maps) :].mean(axis=0))
    return results


def _ranks(values: np.ndarray, noise: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`(h, w)` -> `(S, S)`: 0 for the pixel with the highest value, S * S - 1 for the lowest; `noise` decides ties."""
    values = np.asarray(values, dtype=np.float64)
    highest = np.abs(values).max() or 1.0
    if is_flat(values):
        values = np.zeros_like(values)
    scores = enlarged(values / highest, size).round(6)  # interpolation makes equal values differ in the last digits
    order = np.lexsort((-enlarged(noise, size).ravel(), -scores.ravel()))
    ranks = np.empty(order.size, dtype=np.int64)
    ranks[order] = np.arange(order.size)
    return ranks.reshape(size)


__all__ = ["FILLS", "PICTURES_PER_PASS", "Faithfulness", "Followed", "faithfulness_curves"]
