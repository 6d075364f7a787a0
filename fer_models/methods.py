"""How a map is made from what a network gives, and what people call it: the formulas of the Grad-CAM family, and every
method's name, sentence and paper. Nothing of torch: the onnx engine and the pages need them too.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# The features of the target layer and the gradient of the score by them, `(B, K, h, w)` each -> a map, `(B, h, w)`.


def grad_cam(features: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Equations 1 and 2, without the ReLU: the channels, each weighed by its mean gradient."""
    weights = gradients.mean(axis=(2, 3), keepdims=True)
    return (weights * features).sum(axis=1)


def hires_cam(features: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """The channels, each place weighed by its own gradient."""
    return (gradients * features).sum(axis=1)


def grad_cam_plus_plus(features: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Equations 5 and 19, for the score itself: the channels, weighed by their positive gradients, and these by how few
    places share them."""
    whole = features.sum(axis=(2, 3), keepdims=True)
    shares = gradients**2 / (2 * gradients**2 + whole * gradients**3 + 1e-6)
    weights = (np.maximum(gradients, 0) * shares).sum(axis=(2, 3), keepdims=True)
    return (weights * features).sum(axis=1)


def eigen_cam(features: np.ndarray, gradients: np.ndarray | None) -> np.ndarray:
    """The first principal component of the places. It is known up to its sign only; here the stronger side is positive
    (equation 13 of doi 10.3390/app15137562), or the linear algebra library would decide whether the map shows the
    pattern or its background."""
    places = features.reshape(*features.shape[:2], -1).transpose(0, 2, 1)  # (B, h * w, K)
    places = places - places.mean(axis=1, keepdims=True)
    components = np.linalg.svd(places, full_matrices=False)[2][:, 0, :, None]  # (B, K, 1)
    strength = (places @ components)[..., 0]
    turned = np.abs(strength.min(axis=1)) > np.abs(strength.max(axis=1))
    strength[turned] *= -1
    return strength.reshape(len(features), *features.shape[2:])


@dataclass(frozen=True)
class Method:
    """
    title: the name that people know.
    formula: the map from features and gradients (`None` where it is not `class_specific`); `None` for a method that
        looks at pixels instead of at the target layer's features.
    meaning: one sentence to show beside the map.
    class_specific: whether the map depends on the class that is asked about.
    paper: where the method was published.
    """

    title: str
    formula: Callable[..., np.ndarray] | None
    meaning: str
    class_specific: bool
    paper: str


METHODS: dict[str, Method] = {
    "gradcam": Method(
        title="Grad-CAM",
        formula=grad_cam,
        meaning="Bright where the features that, averaged over the face, raise this expression's score are strong.",
        class_specific=True,
        paper="Selvaraju et al. 2017, arXiv 1610.02391",
    ),
    "hirescam": Method(
        title="HiResCAM",
        formula=hires_cam,
        meaning="Bright where the features of that very place raise this expression's score, with no averaging over "
        "the face.",
        class_specific=True,
        paper="Draelos and Carin 2020, arXiv 2011.08891",
    ),
    "gradcam++": Method(
        title="Grad-CAM++",
        formula=grad_cam_plus_plus,
        meaning="Like Grad-CAM, but counts only gradients that raise this expression's score and weighs them so that "
        "several places can show at once.",
        class_specific=True,
        paper="Chattopadhay et al. 2017, arXiv 1710.11063",
    ),
    "eigencam": Method(
        title="EigenCAM",
        formula=eigen_cam,
        meaning="Bright where the strongest pattern in the model's features is; it does not depend on the expression, "
        "so it is the same map whatever the answer.",
        class_specific=False,
        paper="Muhammad and Yeasin 2020, arXiv 2008.00299",
    ),
    "integrated": Method(
        title="Integrated gradients",
        formula=None,
        meaning="Bright where this expression's score rises as the detail of the face comes back out of a blur.",
        class_specific=True,
        paper="Sundararajan et al. 2017, arXiv 1703.01365",
    ),
}


def method_title(method: str) -> str:
    """What people call a method; the name of an attention map is its own."""
    return METHODS[method].title if method in METHODS else method


def layer_map(method: str, features: np.ndarray, gradients: np.ndarray | None) -> np.ndarray:
    """The map of a method that looks at a layer, before it is normalised.

    Args:
        features: `(B, K, h, w)`. gradients: of the score by them, alike; `None` where the method is not
            `class_specific`.
    """
    formula = METHODS[method].formula
    if formula is None:
        raise ValueError(f"{method} looks at pixels, not at a layer's features")
    if gradients is None:
        return formula(features, None)
    # Every formula stays the same when gradients grow as features shrink, except for the fixed epsilon in Grad-CAM++,
    # which would outweigh squared gradients below 1e-3.
    unit = np.abs(gradients).max(axis=(1, 2, 3), keepdims=True)
    unit[unit == 0] = 1
    return formula(features * unit, gradients / unit)


def normalised(cam: np.ndarray) -> np.ndarray:
    """`(B, h, w)` -> its positive part, each map divided by its own maximum. Zero stays zero (no minimum is subtracted,
    no epsilon is added), so equal values mean equal evidence however small the gradients are."""
    cam = np.maximum(cam, 0).astype(np.float32)
    highest = cam.max(axis=(1, 2), keepdims=True)
    return np.divide(cam, highest, out=np.zeros_like(cam), where=highest > 0)


__all__ = [
    "METHODS",
    "Method",
    "eigen_cam",
    "grad_cam",
    "grad_cam_plus_plus",
    "hires_cam",
    "layer_map",
    "method_title",
    "normalised",
]
