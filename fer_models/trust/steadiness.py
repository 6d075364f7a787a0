"""Does an answer hold when the face is a little worse to see? The same face degraded in six ways, asked about again."""

import io

import numpy as np
from PIL import Image, ImageFilter

from fer_models.answering import Answering
from fer_models.prediction import Prediction
from fer_models.trust.found import Steadiness

_SIDE = 48  # pixels of the pictures that the models learned from: what is finer than that they do not see


def degraded(crop: Image.Image) -> dict[str, Image.Image]:
    """The face made a little worse in six ways, each as large as it was."""
    side = min(_SIDE, *crop.size)
    small = crop.resize((side, side), Image.Resampling.BOX)
    pixels = np.asarray(small.convert("RGB"))
    step = max(round(side / 16), 1)
    shifted = np.pad(pixels, ((0, 0), (step, 0), (0, 0)), mode="edge")[:, :side]
    wide = Image.fromarray(np.pad(pixels, ((side, side), (side, side), (0, 0)), mode="edge"))
    half = small.resize((side // 2, side // 2), Image.Resampling.BOX)
    compressed = io.BytesIO()
    small.convert("RGB").save(compressed, format="JPEG", quality=30)
    ways = {
        "half the pixels": half.resize((side, side), Image.Resampling.BICUBIC),
        "blurred": small.filter(ImageFilter.GaussianBlur(side / _SIDE)),
        "half the light": small.point(lambda value: value // 2),
        "compressed": Image.open(compressed),
        "shifted": Image.fromarray(shifted),
        "turned": wide.rotate(8, Image.Resampling.BICUBIC).crop((side, side, 2 * side, 2 * side)),
    }
    return {way: one.convert("RGB").resize(crop.size, Image.Resampling.BICUBIC) for way, one in ways.items()}


def steadiness(checkpoint: Answering, prediction: Prediction) -> Steadiness:
    """Ask about the degraded faces of a prediction that `checkpoint` made, in one pass."""
    worse = list(degraded(prediction.crop).values())
    answers = checkpoint.predict(worse, None, balanced=prediction.balanced, mirror=prediction.mirror)
    own = prediction.expression
    same = sum(answer.expression == own for answer in answers)
    return Steadiness(same, len(answers), min(answer.probabilities[own] for answer in answers))


__all__ = ["Steadiness", "degraded", "steadiness"]
