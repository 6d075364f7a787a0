"""A checkpoint: opened, checked, and asked about the faces that were cut out for it."""

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification, BaseImageProcessor, PreTrainedModel
from transformers.utils import logging

import fer_models.architectures  # noqa: F401 - `load_network` needs them registered
from fer_models.answering import NetworkFacts
from fer_models.average_maps import Baselines, known_baselines
from fer_models.explain import explain, native_attention, native_profiles
from fer_models.expressions import canonical_expression
from fer_models.folding import FoldingError, folded
from fer_models.hub import CheckpointError, checkpoint_folder, require_architecture
from fer_models.methods import METHODS
from fer_models.places import checkpoint_name, find_checkpoints
from fer_models.prediction import FaceMap, Prediction, nothing_to_see
from fer_models.probabilities import probabilities
from fer_models.trust.found import Faithfulness
from fer_models.trust.sanity import randomized
from fer_models.trust.torch_curves import faithfulness
from fer_models.whole_weights import WEIGHTS, require_manifest, require_numbers, weights_sha256

FILES = ("config.json", WEIGHTS, "preprocessor_config.json")


@torch.inference_mode(False)  # its weights have to be there for gradients, too
def load_network(source: str | Path) -> tuple[PreTrainedModel, BaseImageProcessor]:
    """A checkpoint folder or Hub id -> the model, in float32 and evaluation mode, and its image processor.

    Code that lies beside the weights is never run.

    Raises:
        CheckpointError: not there, damaged, of an architecture that is not ours, or weights that do not fill the model.
    """
    folder = checkpoint_folder(source)
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"no checkpoint folder and no Hub repo {str(source)!r}: it has no config.json")
    try:
        require_architecture(folder / "config.json")
    except CheckpointError as error:
        raise CheckpointError(f"the checkpoint {source} cannot be used: {error}") from error
    if (folder / WEIGHTS).is_file():
        require_manifest(folder)
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # what is missing is reported by the error below
    logging.disable_progress_bar()
    try:
        model, report = AutoModelForImageClassification.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True, use_safetensors=True, trust_remote_code=False
        )
        processor = AutoImageProcessor.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # safetensors, json and transformers each raise their own
        raise CheckpointError(
            f"the checkpoint {source} cannot be read ({type(error).__name__}); fetch it again"
        ) from error
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
    absent = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
    if absent:
        raise CheckpointError(
            f"{source} has no weights for {', '.join(absent[:3])}; they would be random; fetch it again"
        )
    require_numbers(model, source)
    size = processor.size or {}
    if not (size.get("height") and size.get("height") == size.get("width")):
        raise CheckpointError(f"{source} does not say in preprocessor_config.json how large a picture it wants")
    return model.eval(), processor


class Checkpoint:
    """A model and its image processor, ready to answer.

    expressions: its classes in the order of its logits, by their canonical names; a word that is no expression stays
        as it is.
    model: the network as it was loaded. `predict` answers with `quick`.

    Args:
        source: a folder, or a name that `hub.checkpoint_folder` finds.
        device: where the model computes, as torch names it; "auto" is a GPU, if there is one, else the CPU.

    Raises:
        CheckpointError: it cannot be found or fetched, is incomplete or its weights are damaged, it has an expression
            twice, or this machine has no such device.
    """

    export: Path | None = None  # it does not answer from one
    methods = tuple(METHODS)
    has_random_weights = True

    def __init__(self, source: str | Path, device: str | torch.device = "auto"):
        self.folder = folder = checkpoint_folder(source)
        self.name = checkpoint_name(source)
        if not folder.is_dir():
            raise CheckpointError(
                f"no checkpoint folder and no Hub repo {str(source)!r}: {folder} has no {FILES[0]}; train or fetch it"
            )
        for needed in FILES:
            if not (folder / needed).is_file():
                raise CheckpointError(f"checkpoint folder {folder} has no {needed}; train it or fetch it again")
        chosen = pick_device(device)
        self.model, self.processor = load_network(folder)
        with torch.inference_mode(False):
            self.model.requires_grad_(False).to(chosen)
        self.expressions = [_named(self.model.config.id2label[i]) for i in range(self.model.config.num_labels)]
        if len(set(self.expressions)) < len(self.expressions):
            raise CheckpointError(f"{source} has the same expression twice: {', '.join(self.expressions)}")
        self._quick: tuple[object, PreTrainedModel] = (None, self.model)

    @property
    def quick(self) -> PreTrainedModel:
        """The network as it answers: on a CPU a copy whose batch norms are folded, with the channels of a place side by
        side in memory. It is made anew once `model` has other weights, unless they were written through `.data` or
        NumPy, which nothing tells; then open the checkpoint again. Hooks on `model` are not called by an answer."""
        state = (self.model.config.cam_layer, _state(self.model))
        known, network = self._quick
        if known != state:
            with _folding:
                known, network = self._quick
                if known != state:  # another thread may have made it meanwhile
                    network = _quickened(self.model)
                    self._quick = (state, network)
        return network

    @property
    def networks(self) -> tuple[PreTrainedModel, PreTrainedModel]:
        """Those that it answers with."""
        return self.model, self.quick

    @cached_property
    def sha256(self) -> str:
        """Of the weights, as `weights_sha256` gives it."""
        return weights_sha256(self.folder)

    @cached_property
    def baselines(self) -> dict[str, Baselines]:
        """The average maps that belong to these weights, by method or name of an attention map; none, with a warning,
        where the file beside them is damaged or of other weights."""
        return known_baselines(self.folder, self.sha256)

    @property
    def facts(self) -> NetworkFacts:
        """About the network."""
        config = self.model.config
        return NetworkFacts(
            architecture=config.model_type,
            parameters=self.model.num_parameters(),
            input_side=config.image_size,
            maps=tuple(self.model.attention_meanings),
        )

    @property
    def face_margin(self) -> float:
        """How loosely it wants a face to be framed."""
        return self.model.config.face_margin

    @property
    def class_priors(self) -> Sequence[float] | None:
        """How common its expressions were in training, in the order of its labels; `None` where that is not known."""
        return self.model.config.class_priors

    @property
    def can_balance(self) -> bool:
        """Whether it can answer as if all expressions were equally likely."""
        return self.class_priors is not None

    def is_sure(self, probability: float, balanced: bool = False) -> bool:
        """Whether an answer's probability reaches the model's threshold; always for a model that has none."""
        config = self.model.config
        threshold = config.balanced_threshold if balanced else config.reject_threshold
        return threshold is None or probability >= threshold

    def probabilities(self, logits: torch.Tensor, balanced: bool = False) -> torch.Tensor:
        """Logits `(..., C)` -> the probabilities that people see.

        Args:
            balanced: all expressions count as equally likely, not as common as in the training votes.

        Raises:
            CheckpointError: `balanced`, and the checkpoint does not know how common its expressions were.
        """
        config = self.model.config
        if not balanced:
            return probabilities(logits, config.softmax_temperature)
        if not self.can_balance:
            raise CheckpointError(
                f"{self.name} does not know how common its expressions are on the web, so it cannot take them for "
                "equally likely; calibrate it with train/calibrate.py and a hub config"
            )
        return probabilities(logits, config.balanced_temperature, config.class_priors)

    def pixel_values(self, crops: Sequence[Image.Image]) -> torch.Tensor:
        """Crops -> `(N, 3, S, S)`, where and as the model wants them."""
        pixel_values = self.processor(list(crops), refuse_empty=False, return_tensors="pt")["pixel_values"]
        return pixel_values.to(self.model.device, self.model.dtype)

    def predict(
        self,
        crops: Sequence[Image.Image],
        method: str | None = "gradcam",
        expression: str | Sequence[str | None] | None = None,
        balanced: bool = False,
        mirror: bool = False,
    ) -> list[Prediction]:
        """Answer for each crop, all in one pass. None about a crop without contrast is sure; its `conditions` say it.

        Args:
            crops: square RGB pictures of one face each.
            method: a key of `METHODS`, or `None` for the answer alone, without maps.
            expression: explain this expression, or one for each crop; each face's own answer by default, and for a
                model without it.
            balanced: answer as if all expressions were equally likely; by default they are as common as on the web.
            mirror: look at the mirror image of each face too, in twice the time, and take the mean of both logits. The
                maps stay those of the face as it is.

        Raises:
            CheckpointError: as `probabilities`.
        """
        if not crops:
            return []
        pixel_values, network = self.pixel_values(crops), self.quick
        mirrored = None
        if mirror:
            with torch.inference_mode():
                mirrored = network(pixel_values.flip(-1)).logits

        def shares(logits: torch.Tensor) -> torch.Tensor:
            return self.probabilities(logits if mirrored is None else (logits + mirrored) / 2, balanced)

        maps: list[list[FaceMap]] = [[] for _ in crops]
        explained: list[str | None] = [None] * len(crops)
        if method is None:
            with torch.inference_mode():
                output = network(pixel_values)
        else:
            asked = [expression] * len(crops) if expression is None or isinstance(expression, str) else expression
            class_ids = [self.expressions.index(name) if name in self.expressions else None for name in asked]
            if balanced or mirror:  # a face's own answer is another one here than the highest logit
                with torch.inference_mode():
                    own = shares(network(pixel_values).logits).argmax(dim=1).tolist()
                class_ids = [mine if chosen is None else chosen for mine, chosen in zip(own, class_ids, strict=True)]
            explanation = explain(network, pixel_values, method, class_ids)
            output = explanation.output
            about = [self.expressions[i] for i in explanation.class_ids]
            explained = [*about]
            maps = self._maps(explanation.cam, output, method, about)
        every = shares(output.logits).tolist()
        return [
            Prediction(
                model=self.name,
                probabilities=dict(zip(self.expressions, own_shares, strict=True)),
                sure=self.is_sure(max(own_shares), balanced) and not against,
                crop=crop,
                explained=about,
                maps=face_maps,
                balanced=balanced,
                mirror=mirror,
                conditions=against,
            )
            for own_shares, crop, against, about, face_maps in zip(
                every, crops, map(nothing_to_see, crops), explained, maps, strict=True
            )
        ]

    def faithfulness(
        self,
        crop: Image.Image,
        maps: dict[str, np.ndarray],
        class_id: int,
        steps: int = 16,
        before_pass: Callable[[], None] = lambda: None,
    ) -> dict[str, Faithfulness]:
        """`trust.faithfulness` of the network that answers about a face, beside one random map.

        Args:
            before_pass: called before every pass; what it raises ends the measurement.
        """
        face = self.pixel_values([crop])[0]
        return faithfulness(self.quick, face, maps, class_id, steps, random_maps=1, before_pass=before_pass)

    def maps_of_random_weights(
        self, crop: Image.Image, method: str, class_id: int, before_pass: Callable[[], None] = lambda: None
    ) -> list[np.ndarray]:
        """The maps `(h, w)` that `predict` makes of a face, the method's and the model's own, of the same network with
        random weights, as `trust.randomized_explanation` draws them.

        Args:
            before_pass: called before every pass; what it raises ends it.
        """
        network = randomized(self.model)
        network.register_forward_pre_hook(lambda *_: before_pass())
        found = explain(network, self.pixel_values([crop]), method, [class_id])
        return [found.cam[0], *(own[0] for own in native_attention(self.model, found.output).values())]

    def _maps(self, cam: np.ndarray, output, method: str, explained: list[str]) -> list[list[FaceMap]]:
        attention, profiles = native_attention(self.model, output), native_profiles(self.model, output)
        how = METHODS[method]
        titles = [f"{how.title} for {name}" if how.class_specific else how.title for name in explained]
        return [
            [FaceMap(titles[face], cam[face], how.meaning, "heat")]
            + [
                FaceMap(
                    name,
                    values[face],
                    self.model.attention_meanings[name],
                    self.model.attention_kinds[name],
                    tuple(profile[face] for profile in profiles[name]) if name in profiles else None,
                )
                for name, values in attention.items()
            ]
            for face in range(len(cam))
        ]


_folding = threading.Lock()  # of all checkpoints: one copy at a time


def _quickened(model: PreTrainedModel) -> PreTrainedModel:
    if model.device.type != "cpu" or model.dtype != torch.float32:  # rounding would hide a fault
        return model
    if any(one.is_inference() for one in model.parameters()):  # which do not tell that they were changed
        return model
    try:
        with torch.inference_mode(False):
            return folded(model).to(memory_format=torch.channels_last)
    except FoldingError:
        return model


def _state(network: torch.nn.Module) -> list[tuple[int, int]]:
    """Which weights a network has, and how often each was changed in place. As it is asked for every answer, it walks
    by itself: `parameters` and `buffers` take five times as long."""
    state, waiting = [], [network]
    while waiting:
        module = waiting.pop()
        waiting += [inner for inner in module._modules.values() if inner is not None]
        for values in (module._parameters, module._buffers):
            own = [one for one in values.values() if one is not None]
            state += [(one.data_ptr(), 0 if one.is_inference() else one._version) for one in own]
    return state


def _named(label: str) -> str:
    try:
        return canonical_expression(label)
    except ValueError:
        return label


def pick_device(name: str | torch.device = "auto") -> torch.device:
    """The device of that name, as torch has it; "auto" is a GPU, if there is one, else the CPU.

    Raises:
        CheckpointError: this machine has none of that name.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(0, device=name)
        return torch.device(name)
    except (RuntimeError, AssertionError) as error:
        raise CheckpointError(f"this machine has no usable device {str(name)!r}; take cpu, or auto") from error


__all__ = [
    "Checkpoint",
    "CheckpointError",
    "FaceMap",
    "Prediction",
    "find_checkpoints",
    "load_network",
    "pick_device",
    "weights_sha256",
]
