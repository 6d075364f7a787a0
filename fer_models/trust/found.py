"""What is known of a map once it was measured. Nothing of torch: pages and files show it too."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fer_models.prediction import FaceMap, is_flat
from fer_models.trust.verdict import Verdict

RANDOM_MAPS = 5  # one alone says little: on our examples the gains of random maps spread by 0.07 to 0.12


@dataclass(frozen=True)
class Faithfulness:
    """
    deletion: `(steps + 1,)` probabilities while the map's brightest pixels are blurred first, from none to all.
    insertion: `(steps + 1,)` probabilities while they are restored first in the blurred picture, from none to all.
    """

    deletion: np.ndarray
    insertion: np.ndarray

    @property
    def deletion_area(self) -> float:
        """Area under the deletion curve in [0, 1]: low when the map names what the answer rests on."""
        return float(np.trapezoid(self.deletion, dx=1 / (len(self.deletion) - 1)))

    @property
    def insertion_area(self) -> float:
        """Area under the insertion curve in [0, 1]: high when the map names what is enough for the answer."""
        return float(np.trapezoid(self.insertion, dx=1 / (len(self.insertion) - 1)))


@dataclass(frozen=True)
class Steadiness:
    """same: with how many of the `of` degraded faces the answer stays. lowest: its lowest probability among them."""

    same: int
    of: int
    lowest: float

    @property
    def steady(self) -> bool:
        """Whether the answer holds whatever was done to the face."""
        return self.same == self.of


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
    mean: the curves of the mean map of other faces; `None` where no average maps belong to the weights.
    gain_over_mean_map: as `gain`, over the mean map. verdict: by `verdict.RULE`. Both `None` likewise.
    """

    shown: FaceMap
    curves: Faithfulness
    gain: float
    beats: int
    randomized: FaceMap
    likeness: float | None
    mean: Faithfulness | None = None
    gain_over_mean_map: float | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Trust:
    """expression: whose probability is followed. crop: the face. random: for each resolution `(h, w)` of the maps, the
    mean curves of the random maps of that resolution. flat: names of the maps that are the same everywhere.
    steadiness: of the answer itself, when the face is degraded a little."""

    model: str
    expression: str
    crop: Image.Image
    random: dict[tuple[int, int], Faithfulness]
    maps: list[MapTrust]
    steadiness: Steadiness
    flat: tuple[str, ...] = ()


def likeness(one: np.ndarray, other: np.ndarray) -> float | None:
    """Correlation of two maps of one shape; `None` where one of them is the same everywhere."""
    if is_flat(one) or is_flat(other):
        return None
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


__all__ = ["RANDOM_MAPS", "Faithfulness", "MapTrust", "Steadiness", "Trust", "likeness"]
