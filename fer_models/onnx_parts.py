"""A graph that was cut where it takes singular values or their gradient: its parts with onnxruntime, these by numpy."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from fer_models.onnx_session import Sessions


def singular_values(maps: np.ndarray) -> np.ndarray:
    """Largest first, of `(..., n, n)`: `(..., n)`, from the Gram matrix in float64, which takes less time than a
    decomposition. A map that is not finite has NaN for each of its values."""
    finite = np.isfinite(maps).min(axis=(-2, -1), keepdims=True)
    wide = np.where(finite, maps, 0).astype(np.float64)
    squares = np.linalg.eigvalsh(wide @ wide.swapaxes(-2, -1))[..., ::-1]
    return np.where(finite[..., 0], np.sqrt(squares.clip(0)), np.nan).astype(np.float32)


def singular_values_gradient(maps: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """From the gradient for the values `(..., n)` of maps `(..., n, n)`, that for the maps, as
    `models.singular_values.singular_vectors` makes it. A map that is not finite has NaN everywhere."""
    finite = np.isfinite(maps).all(axis=(-2, -1), keepdims=True)
    wide = np.where(finite, maps, 0).astype(np.float64)
    squares, left = np.linalg.eigh(wide @ wide.swapaxes(-2, -1))
    left, values = left[..., ::-1], np.sqrt(squares.clip(0))[..., ::-1]
    noise = 2 * np.finfo(np.float64).eps ** 0.5 * values[..., :1]
    share = np.divide(gradient, values, out=np.zeros_like(values), where=values > noise)
    found = (left * share[..., None, :]) @ (left.swapaxes(-2, -1) @ wide)
    return np.where(finite, found, np.nan).astype(np.float32)


STEPS: dict[str, Callable[..., np.ndarray]] = {
    "singular_values": singular_values,
    "singular_values_gradient": singular_values_gradient,
}


class Parts:
    """The parts of a graph, to be run as `Sessions` runs the whole.

    Args:
        folder: where they lie. parts: what `export.cut.write_parts` says of them.
        keeps_memory, weights: as for `Sessions`.

    Raises:
        CheckpointError, MissingExtraError: as `open_session`.
    """

    def __init__(
        self,
        folder: Path,
        parts: Sequence[dict],
        keeps_memory: bool = True,
        weights: Mapping[str, np.ndarray] | None = None,
    ):
        self.parts = parts
        self.sessions = [Sessions(folder / part["file"], keeps_memory, weights) for part in parts]
        self.outputs = [name for part in parts for name in part["outputs"]]  # of the whole graph
        self._passed_on = {name for sessions in self.sessions for name in sessions.inputs}
        self._passed_on |= {name for part in parts if "then" in part for name in part["then"]["takes"]}

    def told(self, key: str) -> str | None:
        """What all the files say under this key; `None` where they differ."""
        said = {sessions.told(key) for sessions in self.sessions}
        return said.pop() if len(said) == 1 else None

    def run(self, names: list[str] | None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs of these names, of all by default."""
        names, known = self.outputs if names is None else names, dict(inputs)
        for part, sessions in zip(self.parts, self.sessions, strict=True):
            wanted = [name for name in sessions.outputs if name in self._passed_on or name in names]
            if wanted:  # of no names onnxruntime makes all outputs
                known |= zip(wanted, sessions.run(wanted, {name: known[name] for name in sessions.inputs}), strict=True)
            if then := part.get("then"):
                known[then["gives"]] = STEPS[then["step"]](*(known[name] for name in then["takes"]))
        return [known[name] for name in names]


__all__ = ["Parts", "singular_values", "singular_values_gradient"]
