"""Whether an exported graph says what the library says, measured on pictures made up for it."""

from dataclasses import asdict, dataclass

import numpy as np
import onnxruntime
import torch

from fer_models.errors import ExportError
from fer_models.explain import explain, native_attention, native_profiles
from fer_models.export.graph import FEATURES, GRADIENTS
from fer_models.folding import folded
from fer_models.integrated_numpy import integrated_gradients
from fer_models.methods import layer_map, normalised
from fer_models.models.modeling_fer import FERPreTrainedModel
from fer_models.onnx_parts import Parts
from fer_models.onnx_session import Sessions
from fer_models.trust.sanity import randomized

BATCHES = (1, 7)  # of other pictures each
PIXEL_PICTURES = 4
TOLERANCE_OF_PIXELS = 5e-2  # where an activation has a kink, rounding decides a unit's slope


@dataclass(frozen=True)
class CheckReport:
    """
    differences: the largest between graph and library, by output ("logits", "cam" and the names of the maps), over all
        pictures. tolerance: what they had to stay below.
    change: how far the logits of two pictures lie apart; a graph that ignores its input has none.
    runtime: what ran the graph.
    """

    differences: dict[str, float]
    tolerance: float
    change: float
    runtime: str
    pictures: int

    def as_data(self) -> dict:
        """For a JSON file."""
        return asdict(self)


def made_up_pictures(count: int, side: int, seed: int) -> torch.Tensor:
    """Smooth colours with some noise, `(N, 3, S, S)`, each unlike the others."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, 3, 9, 9, generator=generator)
    noise = torch.randn(count, 3, side, side, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=side, mode="bicubic") + 0.1 * noise


def check_graph(graph: Sessions | Parts, model: FERPreTrainedModel, tolerance: float) -> CheckReport:
    """Run the graph beside the library: logits, Grad-CAM for own and for other classes, also from the features and
    gradients that it gives, attention maps and profiles.

    Raises:
        ExportError: they differ by more than `tolerance`, or the graph's answer does not depend on the picture.
    """
    outputs = graph.outputs
    classes = model.config.num_labels
    differences: dict[str, float] = {}
    logits = []
    for batch in BATCHES:
        pixel_values = made_up_pictures(batch, model.config.image_size, seed=batch)
        asked = [None if picture % 3 == 0 else picture % classes for picture in range(batch)]
        expected = explain(model, pixel_values, "gradcam", asked)
        ids = np.array([-1 if one is None else one for one in asked], dtype=np.int64)
        found = dict(
            zip(outputs, graph.run(None, {"pixel_values": pixel_values.numpy(), "class_ids": ids}), strict=True)
        )
        logits.append(found["logits"])
        pairs = {
            "logits": (found["logits"], expected.output.logits.numpy()),
            "cam": (found["cam"], expected.cam),
            "cam of the features": (normalised(layer_map("gradcam", found[FEATURES], found[GRADIENTS])), expected.cam),
        }
        maps = native_attention(model, expected.output)
        pairs |= {name: (found[f"map_{number}"], values) for number, (name, values) in enumerate(maps.items())}
        profiles = [part for pair in native_profiles(model, expected.output).values() for part in pair]
        pairs |= {f"profile {number}": (found[f"profile_{number}"], part) for number, part in enumerate(profiles)}
        for name, (ours, theirs) in pairs.items():
            difference = float(np.abs(ours - theirs).max())
            differences[name] = max(difference, differences.get(name, 0.0))
    change = float(np.abs(logits[1][0] - logits[1][1]).max())
    worst = max(differences, key=lambda name: (not differences[name] <= tolerance, differences[name]))
    if not differences[worst] <= tolerance:
        raise ExportError(
            f"the exported graph differs from the library in {worst!r} by {differences[worst]:.2g}, more than "
            f"{tolerance:g}"
        )
    if not change > tolerance:
        raise ExportError("the exported graph gives the same logits for different pictures")
    runtime = f"onnxruntime {onnxruntime.__version__}"
    return CheckReport(differences, tolerance, change, runtime, sum(BATCHES))


def _integrated(graph: Parts, pixel_values: torch.Tensor, class_ids: list[int]) -> np.ndarray:
    def gradients(pictures: np.ndarray, ids: np.ndarray) -> np.ndarray:
        return graph.run(["gradients"], {"pixel_values": pictures, "class_ids": ids})[0]

    return normalised(integrated_gradients(gradients, pixel_values.numpy(), np.array(class_ids, dtype=np.int64)))


def _asked(model: FERPreTrainedModel) -> tuple[torch.Tensor, list[int]]:
    pixel_values = made_up_pictures(PIXEL_PICTURES, model.config.image_size, seed=PIXEL_PICTURES)
    return pixel_values, [picture % model.config.num_labels for picture in range(PIXEL_PICTURES)]


def check_pixel_gradients(graph: Parts, model: FERPreTrainedModel) -> dict[str, float]:
    """The largest difference between integrated gradients by the graph and by the library, as a share of the map's
    highest value.

    Raises:
        ExportError: it is more than `TOLERANCE_OF_PIXELS`.
    """
    pixel_values, class_ids = _asked(model)
    expected = explain(model, pixel_values, "integrated", class_ids).cam
    difference = float(np.abs(_integrated(graph, pixel_values, class_ids) - expected).max())
    if not difference <= TOLERANCE_OF_PIXELS:
        raise ExportError(
            f"the exported gradient for pixels differs from the library by {difference:.2g} of a map's highest value, "
            f"more than {TOLERANCE_OF_PIXELS:g}"
        )
    return {"integrated": difference}


def check_random_weights(graph: Sessions | Parts, pixels: Parts, model: FERPreTrainedModel) -> dict[str, float]:
    """The largest difference of maps between the graphs with random weights and the library's network with them, each
    as a share of its map's highest value: of Grad-CAM and the attention maps together, and of integrated gradients.
    Beside them what folding the batch norms, which changes rounding alone, makes of the library's own maps: DDAMFN with
    random weights magnifies that until every way to compute it has other maps, and nothing can be compared.

    Raises:
        ExportError: it is more than `TOLERANCE_OF_PIXELS`, and rounding is not.
    """
    pixel_values, class_ids = _asked(model)
    network = randomized(model)
    theirs, again = (_maps(one, pixel_values, class_ids) for one in (network, folded(network, checked=False)))
    names = ["cam", *(f"map_{number}" for number in range(len(theirs) - 2))]
    ids = np.array(class_ids, dtype=np.int64)
    ours = graph.run(names, {"pixel_values": pixel_values.numpy(), "class_ids": ids})
    ours.append(_integrated(pixels, pixel_values, class_ids))
    found = {}
    for name, some in (("random weights", slice(-1)), ("random weights, integrated", slice(-1, None))):
        off, by_rounding = (_apart(one[some], theirs[some]) for one in (ours, again))
        if by_rounding <= TOLERANCE_OF_PIXELS and not off <= TOLERANCE_OF_PIXELS:
            raise ExportError(
                f"the exported graph with {name} differs from the library by {off:.2g} of a map's highest value, more "
                f"than {TOLERANCE_OF_PIXELS:g}"
            )
        found |= {name: off, f"{name}, by rounding alone": by_rounding}
    return found


def _maps(network: FERPreTrainedModel, pixel_values: torch.Tensor, class_ids: list[int]) -> list[np.ndarray]:
    explanation = explain(network, pixel_values, "gradcam", class_ids)
    integrated = explain(network, pixel_values, "integrated", class_ids).cam
    return [explanation.cam, *native_attention(network, explanation.output).values(), integrated]


def _apart(ours: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    pairs = list(zip(ours, theirs, strict=True))
    return max(float(np.abs(one - other).max() / (np.abs(other).max() or 1.0)) for one, other in pairs)


__all__ = [
    "CheckReport",
    "ExportError",
    "check_graph",
    "check_pixel_gradients",
    "check_random_weights",
    "made_up_pictures",
]
