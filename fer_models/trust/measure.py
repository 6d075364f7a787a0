"""Can a map be trusted? Its curves beside those of random maps, the mean map and other faces' maps, and the map of the
same network with random weights."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fer_models.answering import Answering
from fer_models.average_maps import Baselines, coarse, shaded
from fer_models.errors import CheckpointError
from fer_models.prediction import FaceMap, Prediction
from fer_models.trust.found import RANDOM_MAPS, Faithfulness, MapTrust, Trust, likeness
from fer_models.trust.steadiness import steadiness
from fer_models.trust.verdict import verdict

STEPS = 6  # with the maps of DDAMFN, the slowest model, some hundred predictions in all


def measure_trust(
    checkpoint: Answering,
    prediction: Prediction,
    method: str,
    seed: int = 0,
    only: Sequence[str] | None = None,
    before_pass: Callable[[], None] = lambda: None,
) -> Trust:
    """Measure the maps of a prediction that `checkpoint` made with that method, except those whose axes are no places
    and those that are the same everywhere: they claim nothing about the face that could be tried out. A map is compared
    with random ones of its own resolution: what is blurred in small pieces looks strange to a model, whichever they
    are, and with the average maps of the checkpoint; a map for which there are none has no verdict.

    Args:
        method: a key of `methods.METHODS`.
        seed: of the random maps.
        only: the names of the maps to measure; all by default.
        before_pass: called between the passes of the network; what it raises ends the measurement.

    Raises:
        CheckpointError: an export with 8 bits, which holds no random weights; or a damaged one.
    """
    require_random_weights(checkpoint)
    expression = prediction.explained or prediction.expression
    class_id = checkpoint.expressions.index(expression)
    keys = [method, *(shown.name for shown in prediction.maps[1:])]
    asked = [
        (key, shown)
        for key, shown in zip(keys, prediction.maps, strict=True)
        if shown.kind != "ranks" and (only is None or shown.name in only)
    ]
    before_pass()
    steady = steadiness(checkpoint, prediction)
    flat = tuple(shown.name for _, shown in asked if shown.flat)
    placed = {key: shown for key, shown in asked if not shown.flat}
    if not placed:
        return Trust(prediction.model, expression, prediction.crop, {}, [], steady, flat)
    generator = np.random.default_rng(seed)
    noise = {
        ("random", shape, number): generator.random(shape)
        for shape in dict.fromkeys(shown.values.shape for shown in placed.values())
        for number in range(RANDOM_MAPS)
    }
    known = {key: one for key, one in checkpoint.baselines.items() if key in placed and _fits(one, placed[key])}
    unseen = {
        ("unseen", key, place): values
        for key, one in known.items()
        for place, values in enumerate([shaded(coarse(placed[key].values)), one.mean, *one.others])
    }
    every = {("own", key): shown.values for key, shown in placed.items()} | noise | unseen
    named = {str(name): values for name, values in every.items()}
    random_network = checkpoint.maps_of_random_weights(prediction.crop, method, class_id, before_pass)
    measured = checkpoint.faithfulness(prediction.crop, named, class_id, STEPS, before_pass)
    curves = dict(zip(every, measured.values(), strict=False))
    chance = {
        shape: [curves["random", shape, number] for number in range(RANDOM_MAPS)]
        for shape in {shape for _, shape, _ in noise}
    }
    maps = []
    for key, shown, randomized in zip(keys, prediction.maps, random_network, strict=True):
        if placed.get(key) is not shown:
            continue
        own, spans = curves["own", key], [_span(one) for one in chance[shown.values.shape]]
        beats = sum(_span(own) > other for other in spans)
        judged: dict[str, Any] = {}
        if key in known:
            alike, mean, *faces = (curves["unseen", key, place] for place in range(2 + len(known[key].others)))
            judged = {
                "mean": mean,
                "gain_over_mean_map": (_span(own) - _span(mean)) / 2,
                "verdict": verdict(_span(alike), _span(mean), np.array([_span(one) for one in faces])).among_random(
                    beats == RANDOM_MAPS
                ),
            }
        maps.append(
            MapTrust(
                shown=shown,
                curves=own,
                gain=(_span(own) - float(np.mean(spans))) / 2,
                beats=beats,
                randomized=FaceMap(f"{shown.name}, random weights", randomized, shown.meaning, shown.kind),
                likeness=likeness(shown.values, randomized),
                **judged,
            )
        )
    random = {shape: _mean(one) for shape, one in chance.items()}
    return Trust(prediction.model, expression, prediction.crop, random, maps, steady, flat)


def require_random_weights(checkpoint: Answering) -> None:
    """
    Raises:
        CheckpointError: it has none, so that nothing can be said of its maps.
    """
    if not checkpoint.has_random_weights:
        raise CheckpointError(
            f"{checkpoint.name} holds no random weights to check a map with, as no export with 8 bits does; export the "
            "checkpoint without --int8"
        )


def _fits(one: Baselines, shown: FaceMap) -> bool:
    """Whether the average maps are of the map's resolution: those of another input size are not."""
    return one.mean.shape == coarse(shown.values).shape


def _mean(curves: list[Faithfulness]) -> Faithfulness:
    return Faithfulness(
        deletion=np.mean([one.deletion for one in curves], axis=0),
        insertion=np.mean([one.insertion for one in curves], axis=0),
    )


def _span(curves: Faithfulness) -> float:
    return curves.insertion_area - curves.deletion_area


__all__ = ["measure_trust", "require_random_weights"]
