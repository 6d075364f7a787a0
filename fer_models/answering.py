"""What every checkpoint can do, whichever engine answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from fer_models.prediction import Prediction

if TYPE_CHECKING:
    from torch import nn

    from fer_models.average_maps import Baselines
    from fer_models.trust.found import Faithfulness


@dataclass(frozen=True)
class NetworkFacts:
    """architecture: its name in the config. input_side: pixels. maps: names of its own attention maps."""

    architecture: str
    parameters: int
    input_side: int
    maps: tuple[str, ...]


class Answering(Protocol):
    """`checkpoint.Checkpoint`, `engines.FastCheckpoint` and `engine_onnx.ExportedCheckpoint`.

    name: for people. folder: where it lies. expressions: in the order of its logits.
    """

    name: str
    folder: Path
    expressions: list[str]

    @property
    def sha256(self) -> str:
        """Of the weights."""
        ...

    @property
    def methods(self) -> Sequence[str]:
        """The keys of `METHODS` that it explains with."""
        ...

    @property
    def has_random_weights(self) -> bool:
        """Whether it can give `maps_of_random_weights`."""
        ...

    @property
    def face_margin(self) -> float:
        """How loosely it wants a face to be framed."""
        ...

    @property
    def class_priors(self) -> Sequence[float] | None:
        """How common its expressions were in training; `None` where that is not known."""
        ...

    @property
    def facts(self) -> NetworkFacts:
        """About its network."""
        ...

    @property
    def export(self) -> Path | None:
        """The folder of the export that it answers from; `None` if the network itself answers."""
        ...

    @property
    def networks(self) -> "Sequence[nn.Module]":
        """Those of torch that it answers with; none of an export."""
        ...

    def is_sure(self, probability: float, balanced: bool = False) -> bool:
        """Whether an answer's probability reaches the model's threshold; always for a model that has none."""
        ...

    def predict(
        self,
        crops: Sequence[Image.Image],
        method: str | None = "gradcam",
        expression: str | Sequence[str | None] | None = None,
        balanced: bool = False,
        mirror: bool = False,
    ) -> list[Prediction]:
        """Answer for each crop, all in one pass."""
        ...

    @property
    def baselines(self) -> "dict[str, Baselines]":
        """The average maps that belong to these weights, by method or name of an attention map."""
        ...

    def faithfulness(
        self,
        crop: Image.Image,
        maps: dict[str, np.ndarray],
        class_id: int,
        steps: int,
        before_pass: Callable[[], None],
    ) -> "dict[str, Faithfulness]":
        """`trust.faithfulness_curves` of the class's probability, beside one random map. `before_pass` is called before
        every pass; what it raises ends the measurement."""
        ...

    def maps_of_random_weights(
        self, crop: Image.Image, method: str, class_id: int, before_pass: Callable[[], None]
    ) -> list[np.ndarray]:
        """The maps `(h, w)` that `predict` makes of a face, the method's and the model's own, of the same network with
        random weights. `before_pass` as there."""
        ...


__all__ = ["Answering", "NetworkFacts"]
