"""Where a model looked: the Grad-CAM family and the model's own attention.

One forward pass gives logits, attentions and map, and only what follows the target layer is differentiated. The tests
compare the formulas with those of the pytorch-grad-cam package, whose engine runs the model for the map alone, resizes
and shifts the map, and clears the gradients of a model in training.
"""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from transformers.modeling_outputs import ModelOutput

from fer_models.fork import alone_with
from fer_models.integrated_gradients import integrated_gradients
from fer_models.methods import METHODS, layer_map, normalised
from fer_models.prediction import is_flat


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

    Threads may share a model: its explanations wait for each other, and a plain forward pass in another thread is not
    disturbed as long as the model is in evaluation mode. Don't explain a model while another
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
    if METHODS[method].formula is None:
        return _explain_pixels(model, pixel_values, class_ids)
    return _explain_features(model, pixel_values, method, class_ids)


def _explain_features(
    model: nn.Module,
    pixel_values: torch.Tensor,
    method: str,
    class_ids: Sequence[int | None] | torch.Tensor | None,
) -> Explanation:
    with (
        alone_with(model),
        torch.inference_mode(False),
        torch.enable_grad(),
        frozen(model),
        _captured(model) as captured,
    ):
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
        cam = layer_map(method, activations, gradients)
    return Explanation(_detached(output), normalised(cam), targets.tolist())


def _explain_pixels(
    model: nn.Module, pixel_values: torch.Tensor, class_ids: Sequence[int | None] | torch.Tensor | None
) -> Explanation:
    with alone_with(model), torch.inference_mode(False), torch.enable_grad(), frozen(model):
        pictures = pixel_values.detach().clone()
        with torch.no_grad():
            output = model(pictures, output_attentions=True)
        targets = _targets(class_ids, output.logits)
        cam = integrated_gradients(model, pictures, targets).cpu().numpy()
    return Explanation(_detached(output), normalised(cam), targets.tolist())


def native_attention(model: nn.Module, output: ModelOutput) -> dict[str, np.ndarray]:
    """The model's own attention as maps, `{name: (B, h, w) float32}`, from an `output` made with attentions (that of an
    `Explanation` is). `model.attention_meanings[name]` is the sentence to show beside each."""
    return {name: maps.detach().float().cpu().numpy() for name, maps in model.attention_maps(output).items()}


def native_profiles(model: nn.Module, output: ModelOutput) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of those attention maps that are the product of two profiles: the vertical one `(B, h)` and the horizontal one
    `(B, w)`, float32, under the map's name."""
    return {
        name: tuple(part.detach().float().cpu().numpy() for part in pair)
        for name, pair in model.attention_profiles(output).items()
    }


@contextmanager
def frozen(model: nn.Module) -> Generator[None]:
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
def _captured(model: nn.Module) -> Generator[list[torch.Tensor]]:
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
        class_ids = [int(own[i]) if asked is None else asked for i, asked in enumerate(class_ids)]
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


__all__ = [
    "Explanation",
    "explain",
    "is_flat",
    "native_attention",
    "native_profiles",
]
