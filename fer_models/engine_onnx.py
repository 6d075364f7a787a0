"""An exported checkpoint, answering and explaining with numpy, Pillow and onnxruntime alone; nothing of torch.

`python -m fer_models.export` makes the folder.
"""

import json
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from PIL import Image

from fer_models.answering import NetworkFacts
from fer_models.average_maps import Baselines, known_baselines
from fer_models.errors import CheckpointError
from fer_models.integrated_numpy import integrated_gradients
from fer_models.methods import METHODS, layer_map, normalised
from fer_models.onnx_parts import Parts
from fer_models.onnx_session import Sessions
from fer_models.places import EXPORT
from fer_models.prediction import FaceMap, Prediction, nothing_to_see
from fer_models.random_weights import ANSWERS, read_random_weights
from fer_models.random_weights import PIXELS as OF_PIXELS
from fer_models.side_by_side import cores, side_by_side
from fer_models.trust.curves import faithfulness_curves
from fer_models.trust.found import Faithfulness

GRAPH, PIXELS, DATA = "model.onnx", "pixels.onnx", EXPORT
FORMAT = 4
PICTURES_PER_PASS = 4  # of a gradient for pixels, which keeps all features in memory
KEYS = (
    *("sha256", "checkpoint", "network", "labels", "answers", "processing", "cam", "maps"),
    *("parts", "pixels", "random", "sizes"),
)
OWN_ANSWER = -1  # the class id that asks about the model's own answer


def _read(folder: Path) -> dict:
    for name in (GRAPH, DATA):
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder} is no exported checkpoint: it has no {name}; python -m fer_models.export")
    try:
        data = json.loads((folder / DATA).read_text(encoding="utf-8"))
        version = data["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / DATA} cannot be read; export the checkpoint again") from error
    if version != FORMAT:
        raise CheckpointError(
            f"{folder} was exported in format {version}, this version reads {FORMAT}; export it again"
        )
    if missing := [key for key in KEYS if key not in data]:
        raise CheckpointError(f"{folder / DATA} has no {', '.join(missing)}; export the checkpoint again")
    try:
        parts = (*data["parts"], *data["pixels"])
        files = [part["file"] for part in parts] + ([data["random"]] if data["random"] else [])
        if not all(isinstance(part["outputs"], list) for part in parts):
            raise TypeError("outputs")
        missing = [file for file in files if not (folder / file).is_file()]
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            f"{folder / DATA} does not say what its parts are; export the checkpoint again"
        ) from error
    if missing:
        raise CheckpointError(f"{folder} has no {', '.join(missing)}; export the checkpoint again")
    if cut := [file for file in files if (folder / file).stat().st_size != data["sizes"].get(file)]:  # opened later
        raise CheckpointError(f"{folder / cut[0]} is damaged; export the checkpoint again")
    return data


class ExportedCheckpoint:
    """An exported checkpoint, ready to answer, with the names of `checkpoint.Checkpoint`.

    expressions: its classes in the order of its logits. sha256: of the weights that it was made from. facts: about its
        network.

    Args:
        folder: with `model.onnx` and `export.json`.
        sha256: of the weights that the export has to belong to.

    Raises:
        CheckpointError: not there, damaged, of other weights, or onnxruntime is too old.
        MissingExtraError: onnxruntime is not installed.
    """

    engine = "onnx"
    networks = ()  # of torch

    def __init__(self, folder: str | Path, sha256: str | None = None):
        self.folder = Path(folder)
        data = _read(self.folder)
        self.sha256: str = data["sha256"]
        if sha256 not in (None, self.sha256):
            raise CheckpointError(f"{folder} was exported from other weights; export the checkpoint again")
        # its parts, where there are some, are the same graph, and faster here
        self._parts, self._pixels, self._random = data["parts"], data["pixels"], data["random"]
        self._graph = self._of_these_weights(self._answering())
        self.name: str = data["checkpoint"]
        self.expressions: list[str] = data["labels"]
        self.answers, self.processing = data["answers"], data["processing"]
        self.cam, self.maps = data["cam"], data["maps"]
        self.facts = NetworkFacts(**data["network"], maps=tuple(one["name"] for one in self.maps))

    def _answering(self, **options) -> Parts | Sessions:
        return Parts(self.folder, self._parts, **options) if self._parts else Sessions(self.folder / GRAPH, **options)

    def _of_these_weights(self, graph: Parts | Sessions) -> Parts | Sessions:
        if graph.told("sha256") != self.sha256:
            raise CheckpointError(
                f"{self.folder}: graph and {DATA} are of different weights; export the checkpoint again"
            )
        return graph

    @property
    def export(self) -> Path:
        """Its folder."""
        return self.folder

    @property
    def methods(self) -> tuple[str, ...]:
        """The keys of `METHODS` that it explains with: without the gradient for pixels, those that look at a layer."""
        return tuple(key for key, method in METHODS.items() if method.formula is not None or self._pixels)

    @cached_property
    def _gradient_graph(self) -> Parts | Sessions:
        # which needs some hundred MB for a moment
        return self._of_these_weights(Parts(self.folder, self._pixels, keeps_memory=False))

    @cached_property
    def baselines(self) -> dict[str, Baselines]:
        """As `Checkpoint.baselines`."""
        return known_baselines(self.folder, self.sha256)

    @property
    def has_random_weights(self) -> bool:
        """Whether it can give `maps_of_random_weights`: not with 8 bits."""
        return bool(self._random)

    @property
    def face_margin(self) -> float:
        """How loosely it wants a face to be framed."""
        return self.answers["face_margin"]

    @property
    def class_priors(self) -> Sequence[float] | None:
        """How common its expressions were in training, in the order of its labels; `None` where that is not known."""
        return self.answers["class_priors"]

    @property
    def can_balance(self) -> bool:
        """Whether it can answer as if all expressions were equally likely."""
        return self.class_priors is not None

    def is_sure(self, probability: float, balanced: bool = False) -> bool:
        """Whether an answer's probability reaches the model's threshold; always for a model that has none."""
        threshold = self.answers["balanced_threshold" if balanced else "reject_threshold"]
        return threshold is None or probability >= threshold

    def probabilities(self, logits: np.ndarray, balanced: bool = False) -> np.ndarray:
        """Logits `(..., C)` -> the probabilities that people see, as `Checkpoint.probabilities` gives them.

        Raises:
            CheckpointError: `balanced`, and the checkpoint does not know how common its expressions were.
        """
        scaled = logits / np.float32(self.answers["balanced_temperature" if balanced else "softmax_temperature"])
        if balanced:
            if not self.can_balance:
                raise CheckpointError(
                    f"{self.name} does not know how common its expressions are on the web, so it cannot take them for "
                    "equally likely; calibrate it with train/calibrate.py and a hub config, and export it again"
                )
            scaled = scaled - np.log(np.array(self.answers["class_priors"], dtype=np.float32))
        powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    @cached_property
    def _affine(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixel -> input: what is multiplied by and what is added, per channel."""
        mean, std = (np.array(self.processing[key], dtype=np.float32) for key in ("image_mean", "image_std"))
        return np.float32(self.processing["rescale_factor"]) / std, -mean / std

    def pixel_values(self, crops: Sequence[Image.Image]) -> np.ndarray:
        """Crops -> `(N, 3, S, S)` float32, as the checkpoint's image processor makes them, within a shade or two of
        256: the pictures are enlarged by Pillow here."""
        size = (self.processing["size"]["width"], self.processing["size"]["height"])
        scale, shift = self._affine
        prepared = np.empty((len(crops), 3, size[1], size[0]), dtype=np.float32)
        for number, crop in enumerate(crops):
            picture = crop.convert("RGB")
            if self.processing["do_grayscale"]:
                red, green, blue = np.moveaxis(np.asarray(picture, dtype=np.float32), 2, 0)
                grey = Image.fromarray((red * 0.2989 + green * 0.587 + blue * 0.114).astype(np.uint8))
                picture = Image.merge("RGB", [grey] * 3)
            source = self.processing["source_size"]
            if source is not None and max(picture.size) > source:
                picture = picture.resize((source, source), Image.Resampling.BILINEAR)
            enlarged = picture.resize(size, Image.Resampling(self.processing["resample"]))
            pixels = np.asarray(enlarged, dtype=np.float32)
            prepared[number] = np.moveaxis(pixels * scale + shift, 2, 0)
        return prepared

    def predict(
        self,
        crops: Sequence[Image.Image],
        method: str | None = "gradcam",
        expression: str | Sequence[str | None] | None = None,
        balanced: bool = False,
        mirror: bool = False,
    ) -> list[Prediction]:
        """Answer for each crop, all in one pass; arguments as of `Checkpoint.predict`.

        Raises:
            CheckpointError: a method that is not in the graph, or as `probabilities`.
        """
        if not crops:
            return []
        if method not in (None, *self.methods):
            raise CheckpointError(
                f"the onnx engine explains with {', '.join(self.methods)} and the model's own attention; {method} "
                "needs torch: take the torch engine"
            )
        pixel_values = self.pixel_values(crops)
        asked = [expression] * len(crops) if expression is None or isinstance(expression, str) else list(expression)
        ids = [self.expressions.index(name) if name in self.expressions else OWN_ANSWER for name in asked]
        wanted = self._outputs(method)
        found = _run(self._graph, pixel_values, ids, wanted)
        logits = found["logits"]
        if mirror:
            mirrored = _run(self._graph, np.ascontiguousarray(pixel_values[..., ::-1]), ids, ["logits"])["logits"]
            logits = (logits + mirrored) / 2
        every = self.probabilities(logits, balanced)
        if method is not None:
            own = every if balanced else logits
            ids = [int(own[face].argmax()) if one == OWN_ANSWER else one for face, one in enumerate(ids)]
            # a face's own answer may be another one here than the highest logit
            if (balanced or mirror) and {"cam", "gradients"} & set(wanted):
                found = _run(self._graph, pixel_values, ids, wanted)
            cam = self._cam(method, found, pixel_values, ids, lambda: self._gradient_graph)
        return [
            Prediction(
                model=self.name,
                probabilities=dict(zip(self.expressions, map(float, shares), strict=True)),
                sure=self.is_sure(float(max(shares)), balanced) and not against,
                crop=crop,
                explained=None if method is None else self.expressions[ids[face]],
                maps=[] if method is None else self._maps(method, cam[face], found, face, self.expressions[ids[face]]),
                balanced=balanced,
                mirror=mirror,
                conditions=against,
            )
            for face, (shares, crop, against) in enumerate(zip(every, crops, map(nothing_to_see, crops), strict=True))
        ]

    def _outputs(self, method: str | None) -> list[str]:
        """Of the graph: those that an answer with maps by this method is made of."""
        if method is None:
            return ["logits"]
        own = [name for one in self.maps for name in (one["output"], *(one["profiles"] or ()))]
        more = {self.cam["method"]: ["cam"], "integrated": []}.get(method, ["features", "gradients"])
        return ["logits", *more, *own]

    def _cam(
        self,
        method: str,
        found: dict[str, np.ndarray],
        pixel_values: np.ndarray,
        ids: list[int],
        gradient_graph: Callable[[], Parts | Sessions],
    ) -> np.ndarray:
        """`(B, h, w)`, as `explain` makes it for these classes."""
        if method == self.cam["method"]:
            return found["cam"]
        if METHODS[method].formula is None:
            return _integrated(gradient_graph(), pixel_values, ids)
        gradients = found["gradients"] if METHODS[method].class_specific else None
        return normalised(layer_map(method, found["features"], gradients))

    def faithfulness(
        self,
        crop: Image.Image,
        maps: dict[str, np.ndarray],
        class_id: int,
        steps: int = 16,
        before_pass: Callable[[], None] = lambda: None,
    ) -> dict[str, Faithfulness]:
        """As `Checkpoint.faithfulness`."""

        def followed(pictures: np.ndarray) -> np.ndarray:
            before_pass()
            logits = _run(self._graph, pictures, [OWN_ANSWER] * len(pictures), ["logits"])["logits"]
            return self.probabilities(logits)[:, class_id]

        return faithfulness_curves(followed, self.pixel_values([crop])[0], maps, steps, random_maps=1)

    def maps_of_random_weights(
        self, crop: Image.Image, method: str, class_id: int, before_pass: Callable[[], None] = lambda: None
    ) -> list[np.ndarray]:
        """As `Checkpoint.maps_of_random_weights`. The graphs are opened for it and let go; integrated gradients are one
        pass.

        Raises:
            CheckpointError: the export is damaged.
        """
        pixel_values, found = self.pixel_values([crop]), {}
        more = self._outputs(method)[
            1:
        ]  # but the logits: integrated gradients of a network without attention need none
        graphs = ([ANSWERS] if more else []) + ([OF_PIXELS] if METHODS[method].formula is None else [])
        weights = dict(zip(graphs, read_random_weights(self.folder / self._random, self.sha256, graphs), strict=True))
        if more:
            before_pass()
            graph = self._of_these_weights(self._answering(keeps_memory=False, weights=weights[ANSWERS]))
            found = _run(graph, pixel_values, [class_id], more)

        def of_pixels() -> Parts | Sessions:
            before_pass()
            graph = Parts(self.folder, self._pixels, keeps_memory=False, weights=weights[OF_PIXELS])
            return self._of_these_weights(graph)

        cam = self._cam(method, found, pixel_values, [class_id], of_pixels)
        return [cam[0], *(found[one["output"]][0] for one in self.maps)]

    def _maps(
        self, method: str, cam: np.ndarray, found: dict[str, np.ndarray], face: int, explained: str
    ) -> list[FaceMap]:
        how = METHODS[method]
        title = f"{how.title} for {explained}" if how.class_specific else how.title
        return [FaceMap(title, cam, how.meaning, "heat")] + [
            FaceMap(
                one["name"],
                found[one["output"]][face],
                one["meaning"],
                one["kind"],
                tuple(found[part][face] for part in one["profiles"]) if one["profiles"] else None,
            )
            for one in self.maps
        ]


def _run(graph: Parts | Sessions, pixel_values: np.ndarray, ids: list[int], names: list[str]) -> dict[str, np.ndarray]:
    class_ids = np.array(ids, dtype=np.int64)

    def run(some: np.ndarray) -> list[np.ndarray]:
        return graph.run(names, {"pixel_values": pixel_values[some], "class_ids": class_ids[some]})

    parts = np.array_split(np.arange(len(ids)), min(len(ids), cores()))  # a core for each, where there are several
    found = side_by_side([partial(run, part) for part in parts])
    return {name: np.concatenate(values) for name, values in zip(names, zip(*found, strict=True), strict=True)}


def _integrated(graph: Parts | Sessions, pixel_values: np.ndarray, ids: list[int]) -> np.ndarray:
    def gradients(pictures: np.ndarray, class_ids: np.ndarray) -> np.ndarray:
        def run(some: np.ndarray) -> np.ndarray:
            return graph.run(["gradients"], {"pixel_values": pictures[some], "class_ids": class_ids[some]})[0]

        count = max(cores(), -(-len(pictures) // PICTURES_PER_PASS))
        parts = np.array_split(np.arange(len(pictures)), min(len(pictures), count))
        return np.concatenate(side_by_side([partial(run, part) for part in parts]))

    return normalised(integrated_gradients(gradients, pixel_values, np.array(ids, dtype=np.int64)))


__all__ = ["DATA", "FORMAT", "GRAPH", "PIXELS", "ExportedCheckpoint"]
