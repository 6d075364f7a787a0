"""Can a map be trusted? Deletion and insertion curves beside a random map's, and the map of the same network with
random weights."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fer_models.checkpoint import Checkpoint, FaceMap, Prediction
from fer_models.explain import native_attention
from fer_models.trust.curves import Faithfulness, faithfulness
from fer_models.trust.sanity import likeness, randomized_explanation

STEPS = 6  # with the maps of DDAMFN, the slowest model, some hundred predictions in all
RANDOM_MAPS = 5  # one alone says little: on our examples the gains of random maps spread by 0.07 to 0.12


@dataclass(frozen=True)
class MapTrust:
    """
    shown: the map that was measured.
    curves: what happens to the answer when the face is blurred or restored in the map's order.
    gain: how much better the map orders the face than random maps of its resolution do on average, -1 to 1: the mean
        of what its deletion area is lower and its insertion area is higher.
    beats: of how many of the `RANDOM_MAPS` random maps its areas differ by more in the right direction.
    randomized: the same map of the same network with random weights.
    likeness: correlation of the two maps, -1 to 1; `None` where that one is the same everywhere.
    """

    shown: FaceMap
    curves: Faithfulness
    gain: float
    beats: int
    randomized: FaceMap
    likeness: float | None


@dataclass(frozen=True)
class Trust:
    """expression: whose probability is followed. crop: the face. random: for each resolution `(h, w)` of the maps, the
    mean curves of the random maps of that resolution. flat: names of the maps that are the same everywhere."""

    model: str
    expression: str
    crop: Image.Image
    random: dict[tuple[int, int], Faithfulness]
    maps: list[MapTrust]
    flat: tuple[str, ...] = ()


def measure_trust(checkpoint: Checkpoint, prediction: Prediction, method: str, seed: int = 0) -> Trust:
    """Measure every map of a prediction that `checkpoint` made with that method, except those whose axes are no places
    and those that are the same everywhere: they claim nothing about the face that could be tried out. `seed` is that of
    the random maps. A map is compared with
    random ones of its own resolution: what is blurred in small pieces looks strange to a model, whichever they are."""
    pixel_values = checkpoint.pixel_values([prediction.crop])
    class_id = checkpoint.expressions.index(prediction.explained)
    places = [shown for shown in prediction.maps if shown.kind != "ranks"]
    flat = tuple(shown.name for shown in places if shown.flat)
    placed = {shown.name: shown.values for shown in places if not shown.flat}
    if not placed:
        return Trust(prediction.model, prediction.explained, prediction.crop, {}, [], flat)
    generator = np.random.default_rng(seed)
    noise = {
        f"random map {number} of {shape}": (shape, generator.random(shape))
        for shape in dict.fromkeys(values.shape for values in placed.values())
        for number in range(RANDOM_MAPS)
    }
    every = placed | {name: values for name, (_, values) in noise.items()}
    curves = faithfulness(checkpoint.model, pixel_values[0], every, class_id, STEPS, random_maps=1)
    chance: dict[tuple[int, int], list[Faithfulness]] = {}
    for name, (shape, _) in noise.items():
        chance.setdefault(shape, []).append(curves[name])
    network = randomized_explanation(checkpoint.model, pixel_values, method, [class_id])
    others = [network.cam[0], *(v[0] for v in native_attention(checkpoint.model, network.output).values())]
    maps = []
    for shown, randomized in zip(prediction.maps, others, strict=True):
        if shown.name in placed:
            span, spans = _span(curves[shown.name]), [_span(one) for one in chance[shown.values.shape]]
            maps.append(
                MapTrust(
                    shown=shown,
                    curves=curves[shown.name],
                    gain=(span - float(np.mean(spans))) / 2,
                    beats=sum(span > other for other in spans),
                    randomized=FaceMap(f"{shown.name}, random weights", randomized, shown.meaning, shown.kind),
                    likeness=likeness(shown.values, randomized),
                )
            )
    random = {shape: _mean(one) for shape, one in chance.items()}
    return Trust(prediction.model, prediction.explained, prediction.crop, random, maps, flat)


def _mean(curves: list[Faithfulness]) -> Faithfulness:
    return Faithfulness(
        deletion=np.mean([one.deletion for one in curves], axis=0),
        insertion=np.mean([one.insertion for one in curves], axis=0),
    )


def _span(curves: Faithfulness) -> float:
    return curves.insertion_area - curves.deletion_area


__all__ = ["RANDOM_MAPS", "MapTrust", "Trust", "measure_trust"]
