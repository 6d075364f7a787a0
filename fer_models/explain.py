"""Where a model looked: the Grad-CAM family, the model's own attention, and how far such a map can be trusted.

The formulas of the Grad-CAM family are those of the pytorch-grad-cam package. Its engine is not used: that runs the
model for the map alone, resizes and shifts the map, clears the gradients of a model in training, and keeps a graph of
the whole network. Here one forward pass gives logits, attentions and map, and only what follows the target layer is
differentiated.
"""

import copy
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection_with_sign_correction
from torch import nn
from torch.nn import functional as F
from transformers.modeling_outputs import ModelOutput


class SignedEigenCAM(EigenCAM):
    """EigenCAM with a defined sign. A principal component is only known up to its sign, and whichever the linear
    algebra library returns decides whether the package's EigenCAM shows the pattern or its background. Here the
    stronger side is positive (equation 13 of doi 10.3390/app15137562)."""

    def get_cam_image(self, input_tensor, target_layer, targets, activations, grads, eigen_smooth) -> np.ndarray:
        return get_2d_projection_with_sign_correction(activations)


@dataclass(frozen=True)
class Method:
    """
    title: the name that people know.
    cam_class: the class whose `get_cam_image` holds the formula.
    meaning: one sentence to show beside the map.
    class_specific: whether the map depends on the class that is asked about.
    paper: where the method was published.
    """

    title: str
    cam_class: type[BaseCAM]
    meaning: str
    class_specific: bool
    paper: str


METHODS: dict[str, Method] = {
    "gradcam": Method(
        title="Grad-CAM",
        cam_class=GradCAM,
        meaning="Bright where the features that, averaged over the face, raise this expression's score are strong.",
        class_specific=True,
        paper="Selvaraju et al. 2017, arXiv 1610.02391",
    ),
    "hirescam": Method(
        title="HiResCAM",
        cam_class=HiResCAM,
        meaning="Bright where the features of that very place raise this expression's score, with no averaging over "
        "the face.",
        class_specific=True,
        paper="Draelos and Carin 2020, arXiv 2011.08891",
    ),
    "gradcam++": Method(
        title="Grad-CAM++",
        cam_class=GradCAMPlusPlus,
        meaning="Like Grad-CAM, but counts only gradients that raise this expression's score and weighs them so that "
        "several places can show at once.",
        class_specific=True,
        paper="Chattopadhay et al. 2017, arXiv 1710.11063",
    ),
    "eigencam": Method(
        title="EigenCAM",
        cam_class=SignedEigenCAM,
        meaning="Bright where the strongest pattern in the model's features is; it does not depend on the expression, "
        "so it is the same map whatever the answer.",
        class_specific=False,
        paper="Muhammad and Yeasin 2020, arXiv 2008.00299",
    ),
}

# Faithfulness: what replaces a pixel is the picture averaged over this many cells a side and enlarged again. Four cells
# keep the light on a face and lose its expression; the blur of 5 pixels of the paper does not, on a face this close.
BLUR_CELLS = 4
FAITHFULNESS_BATCH = 16  # pictures per forward pass: bounds the memory, and larger ones are slower on a CPU

# One explanation at a time: it changes the model's flags while it runs, and callers may share a model between threads.
_LOCK = threading.Lock()


@dataclass
class Explanation:
    """
    output: what the model returned, detached, with its attentions.
    cam: `(B, h, w)` float32 in [0, 1], at the target layer's own resolution (14 x 14 for PAtt-Lite): what lies between
        two of its cells is not known, and `fer_models.visualize.overlay` smooths for display. Each face's highest value
        is 1; a face without any evidence for the class has a map of zeros.
    class_ids: the class that each face's map is about, also for a method that does not depend on it.
    """

    output: ModelOutput
    cam: np.ndarray
    class_ids: list[int]


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


def explain(
    model: nn.Module,
    pixel_values: torch.Tensor,
    method: str = "gradcam",
    class_ids: Sequence[int | None] | torch.Tensor | None = None,
) -> Explanation:
    """Predict and explain in one forward pass.

    A face's logits and map are the same in any batch, as far as the model's predictions are. The model comes back as it
    was: training flags, `requires_grad`, `.grad` and hooks, after an error too. Works inside `torch.no_grad()` and
    `torch.inference_mode()`.

    Threads may share a model: explanations wait for each other (one lock for all models), and a plain forward pass in
    another thread is not disturbed as long as the model is in evaluation mode. Don't explain a model while another
    thread trains it.

    Args:
        model: returns a `ModelOutput` with `logits` for `model(pixel_values, output_attentions=True)`;
            `model.config.cam_layer` names the module whose output, a `(B, K, h, w)` feature map, is looked at.
        pixel_values: `(B, 3, S, S)`, as the checkpoint's image processor makes them.
        method: a key of `METHODS`.
        class_ids: `B` class ids to ask about; `None`, for one face or for all, asks about the face's own answer.

    Raises:
        ValueError: for an unknown method, wrong shapes, a class id that does not exist, or a `cam_layer` that is not a
            module of the model, does not run exactly once per forward pass, or does not return a feature map.

    Example:
        >>> import torch
        >>> from fer_models import PAttLiteConfig, PAttLiteForImageClassification
        >>> model = PAttLiteForImageClassification(PAttLiteConfig(num_labels=7))
        >>> explain(model, torch.zeros(2, 3, 224, 224), "gradcam", [3, 6]).cam.shape
        (2, 14, 14)
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    if pixel_values.ndim != 4 or len(pixel_values) == 0:
        raise ValueError(f"pixel_values must be (B, 3, S, S) with B > 0, not {tuple(pixel_values.shape)}")
    with _LOCK, torch.inference_mode(False), torch.enable_grad(), _frozen(model), _captured(model) as captured:
        # The copy belongs to this thread's grad mode: a tensor made under inference_mode could not be differentiated.
        output = model(pixel_values.detach().clone(), output_attentions=True)
        if len(captured) != 1:
            raise ValueError(
                f"config.cam_layer={model.config.cam_layer!r} must run once per forward pass, it ran {len(captured)} "
                "times; name another module"
            )
        features = captured.pop()  # (B, K, h, w)
        targets = _targets(class_ids, output.logits)
        activations = features.detach().float().cpu().numpy()
        gradients = None
        if METHODS[method].class_specific:
            # Summed over the batch: a face's features only reach its own logits, so each face gets its own gradient.
            score = output.logits.gather(1, targets[:, None]).sum()
            gradients = torch.autograd.grad(score, features)[0].float().cpu().numpy()
            # Every formula stays the same when gradients grow as features shrink, except for the fixed epsilon in the
            # package's Grad-CAM++, which would outweigh squared gradients below 1e-3.
            unit = np.abs(gradients).max(axis=(1, 2, 3), keepdims=True)
            unit[unit == 0] = 1
            gradients, activations = gradients / unit, activations * unit
        # Without target layers the package registers no hooks; its class is then just the formula.
        formula = METHODS[method].cam_class(model, target_layers=[])
        cam = formula.get_cam_image(pixel_values, None, None, activations, gradients, False)
    return Explanation(_detached(output), _normalised(cam), targets.tolist())


def randomized_explanation(
    model: nn.Module,
    pixel_values: torch.Tensor,
    method: str = "gradcam",
    class_ids: Sequence[int] | torch.Tensor | None = None,
    seed: int = 0,
) -> Explanation:
    """The sanity check of Adebayo et al. 2018 (arXiv 1810.03292): what `explain` gives for the same network with random
    weights. A map that looks much the same then was never about what the model has learned.

    The weights of a copy are drawn anew (normal, He scale, by `seed`), biases are zero and batch norms as new;
    learned slopes and single numbers stay. Pass the `class_ids` of the map to compare with, as the random network has
    other answers. Arguments and errors as in `explain`.
    """
    with _LOCK:
        network = copy.deepcopy(model)
    _randomize(network, seed)
    return explain(network, pixel_values, method, class_ids)


def native_attention(model: nn.Module, output: ModelOutput) -> dict[str, np.ndarray]:
    """The model's own attention as maps, `{name: (B, h, w) float32}`, from an `output` made with attentions (that of an
    `Explanation` is). `model.attention_meanings[name]` is the sentence to show beside each."""
    return {name: maps.detach().float().cpu().numpy() for name, maps in model.attention_maps(output).items()}


def native_profiles(model: nn.Module, output: ModelOutput) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of those attention maps that are the product of two profiles: the vertical one `(B, h)` and the horizontal one
    `(B, w)`, float32, under the map's name."""
    found = model.attention_profiles(output) if hasattr(model, "attention_profiles") else {}
    return {name: tuple(part.detach().float().cpu().numpy() for part in pair) for name, pair in found.items()}


def faithfulness(
    model: nn.Module,
    pixel_values: torch.Tensor,
    maps: dict[str, np.ndarray],
    class_id: int,
    steps: int = 16,
    seed: int = 0,
    random_maps: int = 3,
) -> dict[str, Faithfulness]:
    """How far each map can be trusted: deletion and insertion curves (Petsiuk et al. 2018, RISE, arXiv 1806.07421),
    with a random map beside them for comparison.

    Pixels are ranked by the map, enlarged bilinearly, and blurred (deletion) or restored in the blurred picture
    (insertion) in equal shares. Unlike the paper, which deletes to grey, both go between the same two pictures, so
    both curves span the same two probabilities and no hard grey edges are added. The blur is strong (see `BLUR_CELLS`).
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

    Returns:
        A `Faithfulness` per map, and "random".

    Raises:
        ValueError: for wrong shapes, a map that is not finite, no maps, or one called "random".
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
    generator = np.random.default_rng(seed)
    finest = max((np.shape(values) for values in maps.values()), key=np.prod)
    noise = [generator.random(finest) for _ in range(random_maps)]

    size = pixel_values.shape[-2:]
    ranks = torch.stack([_ranks(values, noise[0], size) for values in (*maps.values(), *noise)])  # (M, S, S)
    changed = torch.linspace(0, size.numel(), steps + 1)[1:-1, None, None]  # how many pixels, at each step
    replaced = ranks[:, None] < changed  # (M, steps - 1, S, S)
    between = torch.stack([replaced, ~replaced], dim=1)  # (M, 2, steps - 1, S, S): deletion, insertion
    ends = torch.tensor([False, True])[:, None, None].expand(2, *size)  # the picture, and all of it blurred
    probabilities = _probabilities(model, pixel_values, torch.cat([ends, between.flatten(0, 2)]), class_id)
    curves = np.empty((len(ranks), 2, steps + 1), dtype=np.float32)
    curves[:, 0, [0, -1]] = probabilities[:2]
    curves[:, 1, [-1, 0]] = probabilities[:2]
    curves[:, :, 1:-1] = probabilities[2:].reshape(len(ranks), 2, steps - 1)
    results = {name: Faithfulness(*curve) for name, curve in zip(maps, curves, strict=False)}
    results["random"] = Faithfulness(*curves[len(maps) :].mean(axis=0))
    return results


@contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, and no parameter asks for a graph; afterwards everything is as it was, module by module."""
    in_training = [module for module in model.modules() if module.training]
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    try:
        model.eval()
        for parameter in trainable:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)
        for module in in_training:
            module.training = True


@contextmanager
def _captured(model: nn.Module) -> Iterator[list[torch.Tensor]]:
    """Fills the list with the target layer's output, `(B, K, h, w)`, as the leaf that the graph starts from: with the
    parameters frozen, what runs before the layer stores nothing."""
    name = model.config.cam_layer
    try:
        layer = model.get_submodule(name)
    except AttributeError as error:
        raise ValueError(
            f"config.cam_layer={name!r} is not a module of {type(model).__name__}; "
            "set it to one of the names of model.named_modules()"
        ) from error
    captured: list[torch.Tensor] = []
    owner = threading.get_ident()

    def capture(module: nn.Module, inputs: tuple, features: torch.Tensor) -> torch.Tensor | None:
        if threading.get_ident() != owner:
            return None
        if not isinstance(features, torch.Tensor) or features.ndim != 4:
            raise ValueError(f"config.cam_layer={name!r} must return a feature map (B, K, h, w); name another module")
        leaf = features.detach().requires_grad_()
        captured.append(leaf)
        return leaf.clone()  # the network may go on in place, and the leaf has to keep the layer's values

    handle = layer.register_forward_hook(capture)
    try:
        yield captured
    finally:
        handle.remove()


def _targets(class_ids: Sequence[int | None] | torch.Tensor | None, logits: torch.Tensor) -> torch.Tensor:
    own = logits.detach().argmax(dim=-1)
    if class_ids is None:
        return own
    if not isinstance(class_ids, torch.Tensor) and len(class_ids) == len(own):
        class_ids = [own[i].item() if asked is None else asked for i, asked in enumerate(class_ids)]
    targets = torch.as_tensor(class_ids, device=logits.device)
    batch, classes = logits.shape
    if targets.shape != (batch,) or targets.is_floating_point() or not ((targets >= 0) & (targets < classes)).all():
        raise ValueError(f"class_ids must be {batch} ids from 0 to {classes - 1}, one per face, not {class_ids}")
    return targets.long()


def _detached(value):
    if isinstance(value, torch.Tensor):
        return value.detach()
    if isinstance(value, ModelOutput):
        return type(value)(**{key: _detached(item) for key, item in value.items()})
    if isinstance(value, (tuple, list)):
        return type(value)(_detached(item) for item in value)
    return value


def _normalised(cam: np.ndarray) -> np.ndarray:
    """`(B, h, w)` -> its positive part, each map divided by its own maximum. Zero stays zero (no minimum is subtracted,
    no epsilon is added), so equal values mean equal evidence however small the gradients are."""
    cam = np.maximum(cam, 0).astype(np.float32)
    highest = cam.max(axis=(1, 2), keepdims=True)
    return np.divide(cam, highest, out=np.zeros_like(cam), where=highest > 0)


@torch.no_grad()
def _randomize(network: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._NormBase):
            module.reset_parameters()
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1:
            fan_in = parameter[0].numel()
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * (2 / fan_in) ** 0.5)
        elif name.endswith("bias"):
            parameter.zero_()


def _enlarged(values: np.ndarray, size: torch.Size) -> np.ndarray:
    values = torch.from_numpy(np.asarray(values, dtype=np.float64))
    return F.interpolate(values[None, None], size=tuple(size), mode="bilinear")[0, 0].numpy()


def is_flat(values: np.ndarray) -> bool:
    """Whether a map says the same of every place: its values, of any shape, differ by at most a thousandth of the
    largest, which is less than a shade in the picture of a map."""
    return bool(np.ptp(values) <= 1e-3 * np.abs(values).max())


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
    model: nn.Module, pixel_values: torch.Tensor, blurred_places: torch.Tensor, class_id: int
) -> np.ndarray:
    """The face `(3, S, S)`, blurred at each of the places `(N, S, S)` -> `(N,)` probabilities of the class."""
    temperature = getattr(model.config, "softmax_temperature", 1.0)
    probabilities = []
    for places in blurred_places.split(FAITHFULNESS_BATCH):
        # The lock is taken per batch, so that a short explanation need not wait for a long measurement.
        with _LOCK, _frozen(model), torch.inference_mode():
            blurred = F.adaptive_avg_pool2d(pixel_values[None], BLUR_CELLS)
            blurred = F.interpolate(blurred, size=pixel_values.shape[-2:], mode="bilinear")
            pictures = torch.where(places[:, None].to(pixel_values.device), blurred, pixel_values)  # (N, 3, S, S)
            logits = model(pictures).logits.float()
            probabilities.append((logits / temperature).softmax(dim=-1)[:, class_id].cpu())
    return torch.cat(probabilities).numpy()


__all__ = [
    "METHODS",
    "Explanation",
    "Faithfulness",
    "Method",
    "explain",
    "faithfulness",
    "is_flat",
    "native_attention",
    "native_profiles",
    "randomized_explanation",
]
